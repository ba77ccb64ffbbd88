import type { ProviderReply, ReplyPart } from './provider-reply.ts';

/**
 * A call that several equal requests follow. It goes on while one of them follows, also after the first has left, and
 * is charged to one of them: the first that is still there at its end.
 */
export class SharedReply {
  readonly source: ProviderReply;
  readonly #controller: AbortController;
  readonly #parts: ReplyPart[] = [];
  readonly #followers = new Set<object>();
  readonly #wakes = new Set<() => void>();
  #ended = false;
  #error: unknown;
  #payer: object | undefined;

  /**
   * @param controller ends the call to the provider.
   * @param landed runs when the call is complete, with all its parts; the reply can be joined until this has run.
   */
  constructor(
    source: ProviderReply,
    controller: AbortController,
    landed: (parts: readonly ReplyPart[] | undefined) => Promise<void>,
  ) {
    this.source = source;
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

  /** Reads the parts from the first one on; `stopped` when the signal aborts. Throws what the call threw. */
  reader(signal: AbortSignal): () => Promise<ReplyPart> {
    let read = 0;
    return async () => {
      for (;;) {
        if (signal.aborted) return { type: 'end', reason: 'stopped', usage: undefined };
        const part = this.#parts[read];
        if (part) {
          read++;
          return part;
        }
        if (this.#ended) throw this.#error;
        await this.#news(signal);
      }
    };
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

  async #run(landed: (parts: readonly ReplyPart[] | undefined) => Promise<void>): Promise<void> {
    try {
      while (this.#parts.at(-1)?.type !== 'end') {
        this.#parts.push(await this.source.next(this.#controller.signal));
        this.#wake();
      }
    } catch (error) {
      this.#error = error;
    }
    this.source.close();
    this.#ended = true;
    this.#wake();
    await landed(this.#error === undefined ? this.#parts : undefined);
  }

  /** Resolves with the next part, the end, or the abort of the signal. */
  #news(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        this.#wakes.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakes.add(wake);
      signal.addEventListener('abort', wake);
    });
  }

  #wake(): void {
    for (const wake of [...this.#wakes]) wake();
  }
}
