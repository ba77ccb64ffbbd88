import { CodedError } from './errors.ts';

/**
 * The reason why a store does not do its work for now: it cannot be reached (`away`), it can be read and takes no
 * writes, because a disk or its memory is full or something is read-only (`no-writes`), it gave the work up for others
 * who changed the same at the same time (`contended`), or the work took longer than a transaction of ours may
 * (`overdue`). The first two say nothing about what was asked.
 */
export type Outage = 'away' | 'no-writes' | 'contended' | 'overdue';

/** Prisma's codes for a server that is away or has no connection to spare, and Postgres' own. */
const AWAY =
  /^(P1001|P1002|P1008|P1017|P2024|DatabaseNotReachable|ConnectionClosed|SocketTimeout|TooManyConnections|57P0[1-5]|08\d{3}|53[0234]00)$/;

/** What sockets say of a server, a network or a name server that is away. Prisma hands most of it on as it is. */
const NETWORK_AWAY =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|EHOSTDOWN|ENETUNREACH|ENETDOWN|ENOTFOUND|EAI_AGAIN)$/;

/** Postgres' classes for a full disk, a read-only server and a disk that fails, and what the file system says of it. */
const NO_WRITES = /^(53100|25006|58030|ENOSPC|EDQUOT|EROFS|EIO)$/;

/** A deadlock, writes that cannot be put in an order, a lock that is not free: Postgres' codes and Prisma's. */
const CONTENDED = /^(40001|40P01|55P03|P2034|TransactionWriteConflict)$/;

/** What a Redis answers that is there and does not serve: by the first word of its error. */
const REDIS: Readonly<Record<string, Outage>> = {
  OOM: 'no-writes',
  READONLY: 'no-writes',
  MISCONF: 'no-writes',
  NOREPLICAS: 'no-writes',
  LOADING: 'away',
  MASTERDOWN: 'away',
  BUSY: 'away',
};

/** Results of SQLite with the same meaning: SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL. The low byte is the class. */
const SQLITE_NO_WRITES = new Set([8, 10, 13]);

/** What pg says without a code: no connection became free in time; the server was gone in the middle of a query. */
const AWAY_MESSAGE = /^(timeout exceeded when trying to connect|Connection terminated)/;

/** Prisma's code for a transaction that did not begin, or did not end, in its time; the message says which. */
const TRANSACTION_FAILED = 'P2028';
const NOT_BEGUN = /Unable to start a transaction/;

/** What Postgres says to a role that may not connect to the database for now, because a restore is under way. */
const CLOSED = { code: '42501', severity: 'FATAL' } as const;

interface DriverFailure {
  readonly severity?: unknown;
  readonly code?: unknown;
  readonly originalCode?: unknown;
  readonly kind?: unknown;
}

/** Returns what an error of a database client, a file or a socket says about its store; undefined for other errors. */
export function outageOf(error: unknown): Outage | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    // P2010 and P2039 stand for whatever the driver met, which is further in: Postgres' own code, or a kind of failure.
    const { code, severity, errcode, meta } = cause as {
      code?: unknown;
      severity?: unknown;
      errcode?: unknown;
      meta?: { driverAdapterError?: { cause?: DriverFailure } };
    };
    const met = meta?.driverAdapterError?.cause;
    for (const one of [
      { code, severity },
      { code: met?.code ?? met?.originalCode, severity: met?.severity },
    ])
      if (one.code === CLOSED.code && one.severity === CLOSED.severity) return 'away';
    for (const one of [code, met?.code, met?.originalCode, met?.kind]) {
      if (typeof one !== 'string') continue;
      if (one === TRANSACTION_FAILED) return NOT_BEGUN.test(cause.message) ? 'away' : 'overdue';
      if (AWAY.test(one) || NETWORK_AWAY.test(one)) return 'away';
      if (NO_WRITES.test(one)) return 'no-writes';
      if (CONTENDED.test(one)) return 'contended';
    }
    const redis = cause.name === 'ReplyError' ? REDIS[cause.message.split(' ', 1)[0]!] : undefined;
    if (redis !== undefined) return redis;
    if (typeof errcode === 'number' && SQLITE_NO_WRITES.has(errcode & 0xff)) return 'no-writes';
    if (AWAY_MESSAGE.test(cause.message)) return 'away';
  }
  return undefined;
}

/** Codes by which our own parts say that something they need is away for now. */
const AWAY_CODES: ReadonlySet<string> = new Set([
  'SERVICE_UNAVAILABLE',
  'PROVIDER_UNAVAILABLE',
  'SUBGRAPH_UNAVAILABLE',
]);

/**
 * Returns whether work failed because something that it needs is away for now: a store, a provider, another subgraph.
 * Nothing is wrong with the work, so it waits, and its attempts are not used up. Work that a store gave up for others
 * is not among it: it was repeated at once already, and what meets the others each time would come again without end.
 * Nor is what took too long: it may be more than there is ever time for.
 */
export function isAway(error: unknown): boolean {
  if (error instanceof CodedError && AWAY_CODES.has(error.code)) return true;
  const outage = outageOf(error);
  return outage === 'away' || outage === 'no-writes';
}

/** Returns whether an error means that a store does not do its work for now, whatever the reason is. */
export const isOutage = (error: unknown): boolean => outageOf(error) !== undefined;

/** What the log says of each, and what a client may know. */
export const OUTAGES: Readonly<Record<Outage, { readonly log: string; readonly message: string }>> = {
  away: {
    log: 'the database does not answer',
    message: 'The database does not answer at the moment. Try again in a few seconds.',
  },
  'no-writes': {
    log: 'the storage takes no writes',
    message: 'Nothing can be stored at the moment: the storage is full or read-only. Try again later.',
  },
  contended: {
    log: 'the database gave work up for others that changed the same rows',
    message: 'Others are changing the same at the moment. Try again in a few seconds.',
  },
  overdue: {
    log: 'a transaction took longer than it may',
    message: 'This took the database longer than it may. Try again in a few seconds.',
  },
};
