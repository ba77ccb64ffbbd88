import { rateLimited } from '#platform/base/errors/errors.ts';

/** Bytes of one network's bodies that are not whole, or not parsed, at once. */
const MAX_OF_NETWORK = 32 * 1024 * 1024;
/** Bodies of the largest size that one network may send at once, where that is more. */
const MAX_LARGEST = 4;

/** The bytes of one body that are held until it is whole and parsed. */
export interface HeldBody {
  /** Adds to what is held. @throws {CodedError} RATE_LIMITED where its network holds too much. */
  add(bytes: number): void;
  /** Says that the body is done with. */
  release(): void;
}

/**
 * Counts the bytes of bodies, and of messages of WebSockets, that are under way, by network. Each body is bounded, and
 * has a minute to come; thousands that never become whole are more memory than there is.
 */
class UnfinishedBodies {
  readonly #bytes = new Map<string, number>();

  /** @param networkOf tells whose body it is. Most bodies come whole, and it is not asked. */
  hold(networkOf: () => string, maxBytes: number): HeldBody {
    const all = this.#bytes;
    const max = Math.max(MAX_OF_NETWORK, MAX_LARGEST * maxBytes);
    let network: string | undefined;
    let held = 0;
    return {
      add(bytes) {
        network ??= networkOf();
        const total = (all.get(network) ?? 0) + bytes;
        if (total > max) {
          throw rateLimited(
            `More than ${max} bytes of bodies and messages are under way from this network or user.`,
            1,
          );
        }
        all.set(network, total);
        held += bytes;
      },
      release() {
        if (network === undefined) return;
        const left = (all.get(network) ?? 0) - held;
        held = 0;
        if (left > 0) all.set(network, left);
        else all.delete(network);
      },
    };
  }
}

/** Of all requests and sockets of this process. */
export const unfinishedBodies = new UnfinishedBodies();
