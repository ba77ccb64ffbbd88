import { CodedError, rateLimited } from '#platform/base/errors/errors.ts';

/** Bytes of one network's bodies that are not whole, or not parsed, at once. */
const MAX_OF_NETWORK = 32 * 1024 * 1024;
/** Bodies of the largest size that one network, or user, may send at once, where that is more. */
const MAX_LARGEST = 4;
/** All large bodies together take one part of so many of the memory of the process. */
const MEMORY_PARTS = 8;
const RETRY_AFTER_S = 1;

/** The bytes of one body that are held until it is whole and parsed. */
export interface HeldBody {
  /**
   * Adds to what is held.
   *
   * @throws {CodedError} RATE_LIMITED where its network or user holds too much; SERVICE_UNAVAILABLE where all do.
   */
  add(bytes: number): void;
  /** Says that the body is done with. */
  release(): void;
}

/** A body that is larger than everybody may send. */
export interface LargeBody {
  readonly userId: string;
  readonly network: string;
  readonly maxBytes: number;
  /** What this process may use, in MiB. */
  readonly memoryMb: number;
}

/** What a body is counted with. */
interface Share {
  readonly name: string;
  /** Bytes of all that are counted with it. */
  readonly max: number;
  readonly refusal: (max: number) => CodedError;
}

/**
 * Counts the bytes of bodies, and of messages of WebSockets, that are under way, by network. Each body is bounded, and
 * has a minute to come; thousands that never become whole are more memory than there is.
 */
class UnfinishedBodies {
  readonly #bytes = new Map<string, number>();

  /** @param networkOf tells whose body it is. Most bodies come whole, and it is not asked. */
  hold(networkOf: () => string, maxBytes: number): HeldBody {
    return this.#hold(() => [{ name: networkOf(), max: maxOfOne(maxBytes), refusal: ofOne }]);
  }

  /**
   * Holds a body whose bytes stay until it is answered. It counts for its user, for the network, where one person may
   * have many accounts, and for the process.
   */
  holdLarge({ userId, network, maxBytes, memoryMb }: LargeBody): HeldBody {
    const max = maxOfOne(maxBytes);
    const maxOfAll = Math.max(maxBytes, Math.floor((memoryMb * 1024 * 1024) / MEMORY_PARTS));
    return this.#hold(() => [
      { name: `user ${userId}`, max, refusal: ofOne },
      { name: `large of ${network}`, max, refusal: ofOne },
      { name: 'large', max: maxOfAll, refusal: ofAll },
    ]);
  }

  #hold(sharesOf: () => readonly Share[]): HeldBody {
    const all = this.#bytes;
    const of = ({ name }: Share): number => all.get(name) ?? 0;
    let shares: readonly Share[] | undefined;
    let held = 0;
    return {
      add(bytes) {
        shares ??= sharesOf();
        const full = shares.find((share) => of(share) + bytes > share.max);
        if (full) throw full.refusal(full.max);
        for (const share of shares) all.set(share.name, of(share) + bytes);
        held += bytes;
      },
      release() {
        for (const share of shares ?? []) {
          const left = of(share) - held;
          if (left > 0) all.set(share.name, left);
          else all.delete(share.name);
        }
        held = 0;
      },
    };
  }
}

const maxOfOne = (maxBytes: number): number => Math.max(MAX_OF_NETWORK, MAX_LARGEST * maxBytes);

const ofOne = (max: number): CodedError =>
  rateLimited(`More than ${max} bytes of bodies and messages are under way from this network or user.`, RETRY_AFTER_S);

const ofAll = (max: number): CodedError =>
  new CodedError(
    'SERVICE_UNAVAILABLE',
    `More than ${max} bytes of large bodies are under way here. Try again in ${RETRY_AFTER_S} s.`,
    { retryAfter: RETRY_AFTER_S },
  );

/** Of all requests and sockets of this process. */
export const unfinishedBodies = new UnfinishedBodies();
