import { Counter, Gauge, type Registry } from 'prom-client';
import { once } from './once.ts';

/**
 * The instruments of what streams, presence, topics, caches, limits and the outbox count: every queue and every drop
 * has a number.
 */
export interface StoreMetrics {
  readonly redisConnected: Gauge<'connection'>;
  readonly redisFailures: Counter<'store'>;
  readonly streamProducers: Gauge;
  readonly streamReaders: Gauge;
  readonly streamChunks: Counter;
  readonly streamPending: Gauge;
  readonly streamFenced: Counter;
  readonly streamAbandoned: Counter;
  readonly streamRestored: Counter;
  readonly streamEvicted: Counter;
  readonly topicEvents: Counter;
  readonly topicDropped: Counter<'reason'>;
  readonly topicSubscriptions: Gauge;
  readonly presenceConnections: Gauge;
  readonly presenceWatchers: Gauge;
  readonly cacheRequests: Counter<'result'>;
  readonly rateLimited: Counter<'rule'>;
  readonly rateInsurance: Counter;
  readonly leasesHeld: Gauge;
  readonly leasesLost: Counter;
  readonly outboxPending: Gauge<'owner'>;
  readonly outboxPublished: Counter<'owner'>;
  readonly outboxFailures: Counter<'owner'>;
  readonly outboxRepublished: Counter<'owner'>;
  readonly inboxEvents: Counter<'consumer' | 'outcome'>;
  readonly busBacklog: Gauge<'group' | 'lane'>;
  readonly parkedWork: Gauge<'owner'>;
  readonly filesRemoved: Counter<'owner'>;
  readonly filesMissing: Gauge<'owner'>;
  readonly filesContested: Gauge<'owner'>;
}

/** Returns the instruments of one registry; made once, however many owners of one process ask for them. */
export const storeMetrics = (registry: Registry): StoreMetrics => once(registry, createStoreMetrics);

function createStoreMetrics(registry: Registry): StoreMetrics {
  const registers = [registry];
  const counter = <L extends string = never>(name: string, help: string, ...labelNames: L[]) =>
    new Counter<L>({ name: `sextant_${name}`, help, labelNames, registers });
  const gauge = <L extends string = never>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge<L>({ name: `sextant_${name}`, help, labelNames, registers });
  return {
    redisConnected: new Gauge({
      name: 'sextant_redis_connected',
      help: '1 while the connection to Redis is up.',
      labelNames: ['connection'],
      // Of several workers: 0 where one has lost it.
      aggregator: 'min',
      registers,
    }),
    redisFailures: counter('redis_failures_total', 'Redis commands that failed or timed out.', 'store'),
    streamProducers: gauge('stream_producers', 'Streams that this process is producing.'),
    streamReaders: gauge('stream_readers', 'Readers that follow a stream in this process.'),
    streamChunks: counter('stream_chunks_total', 'Chunks appended to streams.'),
    streamPending: gauge('stream_pending_chunks', 'Chunks that wait for Redis.'),
    streamFenced: counter('stream_fenced_total', 'Producers that lost their stream to another.'),
    streamAbandoned: counter('stream_abandoned_total', 'Streams seen without a living producer.'),
    streamRestored: counter('stream_restored_total', 'Streams filled in again after Redis lost them.'),
    streamEvicted: counter('stream_evicted_total', 'Finished streams forgotten early to bound memory.'),
    topicEvents: counter('topic_events_total', 'Events published by this process.'),
    topicDropped: counter('topic_dropped_total', 'Events that a subscriber did not get.', 'reason'),
    topicSubscriptions: gauge('topic_subscriptions', 'Subscriptions to topics in this process.'),
    presenceConnections: gauge('presence_connections', 'Connections of this process that are present in a room.'),
    presenceWatchers: gauge('presence_watchers', 'Watchers of rooms in this process.'),
    cacheRequests: counter('cache_requests_total', 'Look-ups and stores by result.', 'result'),
    rateLimited: counter('rate_limited_total', 'Requests over a rate limit.', 'rule'),
    rateInsurance: counter('rate_limit_insurance_total', 'Decisions made in memory because Redis failed.'),
    leasesHeld: gauge('leases_held', 'Leases that this process holds.'),
    leasesLost: counter('leases_lost_total', 'Leases lost while in use.'),
    outboxPending: gauge('outbox_pending', 'Recorded events that were not handed over yet, at the last look.', 'owner'),
    outboxPublished: counter('outbox_published_total', 'Events handed to the bus.', 'owner'),
    outboxFailures: counter('outbox_failures_total', 'Attempts to hand over events that failed.', 'owner'),
    outboxRepublished: counter('outbox_republished_total', 'Events sent again because the bus had forgotten.', 'owner'),
    inboxEvents: counter(
      'inbox_events_total',
      'Events by outcome: handled, duplicate, retried, parked.',
      'consumer',
      'outcome',
    ),
    busBacklog: gauge(
      'event_bus_backlog',
      'Events that a group has not dealt with, in lanes read here.',
      'group',
      'lane',
    ),
    filesRemoved: counter('files_removed_total', 'Files that belonged to no row and were removed.', 'owner'),
    filesMissing: gauge(
      'files_missing',
      'Files that rows name and that were not there, at the last comparison.',
      'owner',
    ),
    filesContested: gauge('files_contested', '1 while another installation uses the files of an owner.', 'owner'),
    parkedWork: gauge(
      'parked_work',
      'Jobs and events that failed too often and wait for an administrator, at the last look.',
      'owner',
    ),
  };
}
