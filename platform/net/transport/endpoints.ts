import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import type { Pool } from 'undici';
import { guarded } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';
import { isHostName } from '../http/host-name.ts';
import { type ClientTls, connectionOptions } from '../http/tls.ts';
import { HttpPool } from './http-pool.ts';

/** An address of a subgraph, with its connections and what is known of its health. */
export interface Endpoint {
  readonly url: URL;
  /** The address behind the name, undefined when the URL already is one. */
  readonly address: string | undefined;
  /** Carries GraphQL requests. */
  readonly pool: HttpPool;
  /** What every GraphQL request begins with: request line and the headers that never change. */
  readonly head: string;
  /** Carries what is streamed: uploads, files, pages of plain routes. Made for the first of them. */
  streams(): Promise<Pool>;
  inFlight: number;
  /** Calls that failed one after another. */
  failures: number;
  /** Until when it is passed over, in milliseconds of performance.now(). */
  ejectedUntil: number;
  /** Whether it takes connections and does not answer (liveness.ts). It is passed over until a probe says otherwise. */
  isStalled: boolean;
  /** When it last gave an answer, in milliseconds of performance.now(). */
  answeredAt: number;
  /** When the first of the calls that are under way was made, in milliseconds of performance.now(). */
  busySince: number;
}

export interface Endpoints extends AsyncDisposable {
  /** Every address that is known at the moment. */
  readonly all: readonly Endpoint[];
  /** The healthier and less busy of two, other than `avoid` where there is another. */
  pick(avoid?: Endpoint): Endpoint;
  /** An address for a socket that lasts: a healthy one that is not `taken`, else any healthy one. */
  pickFor(taken: ReadonlySet<Endpoint>): Endpoint;
  /** Whether it is neither ejected nor stalled. */
  isHealthy(endpoint: Endpoint): boolean;
  succeeded(endpoint: Endpoint): void;
  /**
   * Passes it over for a while that doubles with each failure in a row.
   *
   * @param isSure whether that begins with the first: it was no closed connection of a restart.
   */
  failed(endpoint: Endpoint, isSure?: boolean): void;
  /** Passes it over for a moment: it has said that it is about to stop. */
  leaves(endpoint: Endpoint): void;
}

export interface EndpointsOptions {
  readonly subgraph: string;
  readonly urls: readonly string[];
  readonly tls?: ClientTls | undefined;
  /** Connections to one address. */
  readonly connections: number;
  /** Requests that may wait for one of them. */
  readonly queue: number;
  /** Longest time of a request, in milliseconds. */
  readonly timeoutMs: number;
  /** Largest answer. */
  readonly maxBytes: number;
  readonly connectTimeoutMs: number;
  /** How often names are looked up again, for services that scale. */
  readonly resolveEveryMs: number;
  readonly log: Logger;
}

/** A single failure may be a restart's closed connection; from the second on the endpoint rests. */
const EJECT_AFTER = 2;
const REST_MS = 500;
const MAX_REST_MS = 30_000;
/** About the time in which a process that restarts is back. */
const LEAVING_MS = 1_000;

/**
 * Creates the addresses of one subgraph: all URLs that are configured, and all addresses that their names resolve to (a
 * headless Kubernetes service is one name for many pods). Balances by the less busy of two random healthy ones, which
 * spreads better than round robin when answers take unequal time.
 */
export function createEndpoints(options: EndpointsOptions): Endpoints {
  const endpoints = new Map<string, Endpoint>();
  const opened = new Set<Pool>();
  /** The same as a list, which is what is picked from. */
  let list: readonly Endpoint[] = [];
  for (const url of options.urls) add(new URL(url), undefined);
  const names = options.urls
    .map((url) => new URL(url))
    .filter(({ hostname }) => hostname !== 'localhost' && isHostName(hostname));
  const timer =
    names.length > 0
      ? setInterval(guarded({ where: 'name lookup', log: options.log }, resolveNames), options.resolveEveryMs)
      : undefined;
  timer?.unref();
  if (timer) void resolveNames();

  function add(url: URL, address: string | undefined): void {
    let streams: Promise<Pool> | undefined;
    endpoints.set(keyOf(url, address), {
      url,
      address,
      inFlight: 0,
      failures: 0,
      ejectedUntil: 0,
      isStalled: false,
      answeredAt: 0,
      busySince: 0,
      pool: new HttpPool({ ...options, url, address }),
      head:
        `POST ${url.pathname}${url.search} HTTP/1.1\r\nhost: ${url.host}\r\nconnection: keep-alive\r\n` +
        'content-type: application/json\r\naccept: application/graphql-response+json, application/json\r\n' +
        // Between neighbours inflating costs more than what is saved on the wire.
        'accept-encoding: identity\r\n',
      streams() {
        streams ??= openStreams(url, address);
        return streams;
      },
    });
    list = [...endpoints.values()];
  }

  /**
   * undici is loaded when it is first needed: few gateways need it at once, and it takes a good part of their start.
   */
  async function openStreams(url: URL, address: string | undefined): Promise<Pool> {
    const { buildConnector, Pool } = await import('undici');
    const pool = new Pool(url.origin, {
      connections: options.connections,
      pipelining: 1,
      keepAliveTimeout: 60_000,
      // Made for each connection: a certificate may have been renewed since.
      connect: (target, connected) =>
        buildConnector({
          timeout: options.connectTimeoutMs,
          ...connectionOptions(url, options.tls),
          ...(address !== undefined && { lookup: always(address) }),
        })(target, connected),
    });
    opened.add(pool);
    return pool;
  }

  async function resolveNames(): Promise<void> {
    for (const url of names) {
      // One name, one address and no name server that answers are all the same: the entry made from the URL stays.
      const found = await lookup(url.hostname, { all: true }).catch(() => []);
      const isSplit = [...endpoints.values()].some((one) => one.url.href === url.href && one.address !== undefined);
      if (found.length === 0 || (found.length === 1 && !isSplit)) continue;
      const wanted = new Set(found.map(({ address }) => keyOf(url, address)));
      for (const { address } of found) if (!endpoints.has(keyOf(url, address))) add(url, address);
      for (const [key, endpoint] of endpoints) {
        if (endpoint.url.href !== url.href || wanted.has(key)) continue;
        endpoints.delete(key);
        list = [...endpoints.values()];
        endpoint.pool.close();
      }
      options.log.debug({ host: url.hostname, addresses: found.length }, 'looked up a subgraph');
    }
  }

  const isHealthy = (endpoint: Endpoint, now = performance.now()): boolean =>
    !endpoint.isStalled && endpoint.ejectedUntil <= now;

  return {
    get all() {
      return list;
    },
    isHealthy: (endpoint) => isHealthy(endpoint),
    pick(avoid) {
      if (list.length === 1) return list[0]!;
      const now = performance.now();
      const others = list.filter((one) => one !== avoid);
      const healthy = others.filter((one) => isHealthy(one, now));
      if (healthy.length === 0) return others.reduce((a, b) => (a.ejectedUntil <= b.ejectedUntil ? a : b));
      const [first, second] = twoOf(healthy);
      return first.inFlight <= second.inFlight ? first : second;
    },
    pickFor(taken) {
      const now = performance.now();
      const healthy = list.filter((one) => isHealthy(one, now));
      const free = healthy.filter((one) => !taken.has(one));
      const choice = free.length > 0 ? free : healthy.length > 0 ? healthy : list;
      return choice[Math.floor(Math.random() * choice.length)]!;
    },
    succeeded(endpoint) {
      endpoint.failures = 0;
      endpoint.ejectedUntil = 0;
      endpoint.isStalled = false;
    },
    leaves(endpoint) {
      endpoint.ejectedUntil = Math.max(endpoint.ejectedUntil, performance.now() + LEAVING_MS);
    },
    failed(endpoint, isSure = false) {
      endpoint.failures = Math.max(endpoint.failures + 1, isSure ? EJECT_AFTER : 0);
      if (endpoint.failures < EJECT_AFTER) return;
      const rest = Math.min(REST_MS * 2 ** (endpoint.failures - EJECT_AFTER), MAX_REST_MS);
      endpoint.ejectedUntil = performance.now() + rest;
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      for (const { pool } of endpoints.values()) pool.destroy();
      await Promise.all([...opened].map((pool) => pool.destroy()));
    },
  };
}

/**
 * Two of a list at random, different ones where there are two (M. Mitzenmacher, The Power of Two Choices): a busy one
 * that is drawn twice would be compared with itself.
 */
function twoOf<Item>(list: readonly Item[]): readonly [Item, Item] {
  const first = Math.floor(Math.random() * list.length);
  const second = (first + 1 + Math.floor(Math.random() * (list.length - 1))) % list.length;
  return [list[first]!, list[second]!];
}

const keyOf = (url: URL, address: string | undefined): string => `${url.href} ${address ?? ''}`;

type LookupCallback = (
  error: Error | null,
  address: string | { address: string; family: number }[],
  family?: number,
) => void;

/** Connects to one address while Host header and certificate check keep the name. */
const always = (address: string) => (_host: string, options: { all?: boolean }, callback: LookupCallback) =>
  options.all ? callback(null, [{ address, family: isIP(address) }]) : callback(null, address, isIP(address));
