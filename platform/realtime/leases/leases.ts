/**
 * The named leases: at most one holder at a time among all processes, for as long as it shows life. A lease is advice
 * about time; what makes it safe is the epoch, which every writer on the holder's behalf must check (fencing:
 * Kleppmann, "How to do distributed locking").
 *
 * In Redis alone: the event bus there shares its lanes out by them, and within one process nothing needs them. (A
 * stream of streams/stream-log.ts has a lease of its own.) leases.contract.ts is their definition.
 */
export interface Leases {
  /**
   * Takes the lease if it is free, and renews it by itself every third of its time.
   *
   * @param name at most 200 characters.
   * @param ttlMs how long it stays ours without a sign of life.
   * @returns undefined when another process holds it.
   * @throws {CodedError} SERVICE_UNAVAILABLE when Redis cannot be reached.
   */
  acquire(name: string, options: { readonly ttlMs: number }): Promise<Lease | undefined>;
}

export interface Lease extends AsyncDisposable {
  readonly name: string;
  /** Fencing token: larger than that of every earlier holder. */
  readonly epoch: number;
  /** Aborts when the lease is lost: taken by another, or not renewed in time. */
  readonly lost: AbortSignal;
  /** Renews now. @returns false when it is lost. */
  renew(): Promise<boolean>;
  /** Gives it up. Idempotent; never throws. */
  release(): Promise<void>;
}
