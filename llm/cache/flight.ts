import type { Origin, OriginPart } from '../chat/origin.ts';

/**
 * One call that several equal requests follow. It goes on while anybody follows, whoever started it, and is charged to
 * one of them: the first that is still there at its end.
 */
export class Flight {
  readonly origin: Origin;
  readonly #controller: AbortController;
  readonly #parts: OriginPart[] = [];
  readonly #followers = new Set<object>();
  readonly #wakes = new Set<() => void>();
  #ended = false;
  #error: unknown;
  #payer: object | undefined;

  /**
   * @param controller ends the origin.
   * @param landed runs when the call is complete, with all its parts; the flight can be joined until it has run.
   */
  constructor(
    origin: Origin,
    controller: AbortController,
    landed: (parts: readonly OriginPart[] | undefined) => Promise<void>,
  ) {
    this.origin = origin;
    this.#controller = controller;
    void this.#run(landed);
  }

  /** False when its last follower has left: what is left of it is not a whole reply. */
  get joinable(): boolean {
    return !this.#controller.signal.aborted;
  }

  /** A new follower; from now on the call goes on until it has left. */
  join(): object {
    const follower = {};
    this.#followers.add(follower);
    return follower;
  }

  /** The parts from the first one on; ends with `stopped` when the follower's signal aborts. Throws what the call threw. */
  async *follow(signal: AbortSignal): AsyncGenerator<OriginPart, void, undefined> {
    const onAbort = () => this.#wake();
    signal.addEventListener('abort', onAbort);
    try {
      for (let next = 0; ; ) {
        if (signal.aborted) {
          yield { type: 'end', reason: 'stopped', usage: undefined };
          return;
        }
        const part = this.#parts[next];
        if (part) {
          next++;
          yield part;
          if (part.type === 'end') return;
        } else if (this.#ended) {
          throw this.#error;
        } else {
          await new Promise<void>((resolve) => this.#wakes.add(resolve));
        }
      }
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  /** Must be called once for each follower, when its call has ended. */
  leave(follower: object): void {
    this.#followers.delete(follower);
    if (this.#followers.size === 0) this.#controller.abort();
  }

  /** Whether the call is charged to this follower, which is about to leave. */
  pays(follower: object): boolean {
    if (this.#ended) this.#payer ??= this.#followers.values().next().value;
    else if (this.#followers.size === 1) this.#payer ??= follower;
    return this.#payer === follower;
  }

  async #run(landed: (parts: readonly OriginPart[] | undefined) => Promise<void>): Promise<void> {
    try {
      for await (const part of this.origin.parts(this.#controller.signal)) {
        this.#parts.push(part);
        if (part.type === 'end') this.#ended = true;
        this.#wake();
      }
    } catch (error) {
      this.#error = error;
    }
    this.#ended = true;
    this.#wake();
    await landed(this.#error === undefined ? this.#parts : undefined);
  }

  #wake(): void {
    const wakes = [...this.#wakes];
    this.#wakes.clear();
    for (const wake of wakes) wake();
  }
}
