import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { once } from '#platform/base/metrics/once.ts';

export interface ChatMetrics {
  readonly replies: Counter<'status'>;
  readonly running: Gauge;
  readonly recovered: Counter;
  readonly recall: Counter<'outcome'>;
  readonly recallSeconds: Histogram;
  readonly journalSeconds: Histogram;
  readonly journalFailures: Counter;
}

/** Returns the instruments of one registry, made once. */
export const chatMetrics = (registry: Registry): ChatMetrics => once(registry, createChatMetrics);

function createChatMetrics(registry: Registry): ChatMetrics {
  const registers = [registry];
  return {
    replies: new Counter({
      name: 'sextant_chat_replies_total',
      help: 'Replies that ended, by status.',
      labelNames: ['status'],
      registers,
    }),
    running: new Gauge({
      name: 'sextant_chat_replies_running',
      help: 'Replies being written by this process.',
      registers,
    }),
    recovered: new Counter({
      name: 'sextant_chat_replies_recovered_total',
      help: 'Replies of dead processes that this process ended.',
      registers,
    }),
    recall: new Counter({
      name: 'sextant_chat_recall_total',
      help: 'What came of asking memory before a reply: used, empty, late, failed or off.',
      labelNames: ['outcome'],
      registers,
    }),
    recallSeconds: new Histogram({
      name: 'sextant_chat_recall_seconds',
      help: 'How long a reply waited for memory.',
      buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.4, 0.8],
      registers,
    }),
    journalSeconds: new Histogram({
      name: 'sextant_chat_journal_seconds',
      help: 'How long one write of reply text to the database took.',
      buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2],
      registers,
    }),
    journalFailures: new Counter({
      name: 'sextant_chat_journal_failures_total',
      help: 'Writes of reply text that failed and were tried again.',
      registers,
    }),
  };
}
