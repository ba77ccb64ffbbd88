import { randomUUID, timingSafeEqual } from 'node:crypto';
import { isObject } from '../../base/json/objects.ts';
import { randomToken } from '../../base/secrets/tokens.ts';

/** A receiver of what a subgraph says of one subscription. */
export interface CallbackReceiver {
  /** The subgraph has said that it still serves the subscription. */
  checked(): void;
  /** The sender is answered when this has resolved, at the latest after a second, and sends no more before. */
  next(payload: Record<string, unknown>): void | Promise<void>;
  completed(errors: readonly unknown[] | undefined): void;
}

/** A subscription whose events come as requests. */
export interface Callback extends Disposable {
  readonly id: string;
  /** What proves that a request is from whom was asked. */
  readonly verifier: string;
}

interface Open {
  readonly verifier: Buffer;
  readonly receiver: CallbackReceiver;
}

/** The subscriptions of this process that follow Apollo's HTTP callback protocol, by their ids. */
export class Callbacks {
  readonly #open = new Map<string, Open>();

  has(id: string): boolean {
    return this.#open.has(id);
  }

  open(receiver: CallbackReceiver): Callback {
    const id = randomUUID();
    const verifier = randomToken();
    this.#open.set(id, { verifier: Buffer.from(verifier), receiver });
    return { id, verifier, [Symbol.dispose]: () => void this.#open.delete(id) };
  }

  /**
   * Takes what a subgraph has sent.
   *
   * @returns the status of the answer: 404 where the subscription has ended, 400 for what is not of the protocol.
   */
  async receive(id: string, message: unknown): Promise<number> {
    const one = this.#open.get(id);
    if (!one) return 404;
    if (!isObject(message) || message['kind'] !== 'subscription' || message['id'] !== id) return 400;
    if (!isEqual(message['verifier'], one.verifier)) return 400;
    const { action, payload, errors } = message;
    switch (action) {
      case 'check':
        one.receiver.checked();
        return 204;
      case 'next':
        if (!isObject(payload)) return 400;
        await inTime(one.receiver.next(payload));
        return 200;
      case 'complete':
        if (errors != null && !Array.isArray(errors)) return 400;
        this.#open.delete(id);
        one.receiver.completed(errors ?? undefined);
        return 202;
      default:
        return 400;
    }
  }
}

/** A slow client slows its subgraph; a request that is not answered would be sent again. */
const MAX_WAIT_MS = 1_000;

async function inTime(taken: void | Promise<void>): Promise<void> {
  if (!taken) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, MAX_WAIT_MS);
  });
  await Promise.race([taken, late]).finally(() => clearTimeout(timer));
}

function isEqual(given: unknown, verifier: Buffer): boolean {
  if (typeof given !== 'string') return false;
  const bytes = Buffer.from(given);
  return bytes.length === verifier.length && timingSafeEqual(bytes, verifier);
}
