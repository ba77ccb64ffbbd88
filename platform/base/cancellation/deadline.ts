/**
 * A signal that aborts when a time is over, or when the caller's does. Unlike `AbortSignal.any` with
 * `AbortSignal.timeout` it ends with the work: nothing is left that goes off after it.
 */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #outer: AbortSignal | undefined;
  readonly #abort = (): void => this.#controller.abort(this.#outer!.reason);
  /** Whether the time is over. */
  passed = false;

  constructor(ms: number, outer?: AbortSignal) {
    this.#outer = outer;
    this.#timer = setTimeout(() => {
      this.passed = true;
      this.#controller.abort(new DOMException(`not done within ${ms} ms`, 'TimeoutError'));
    }, ms).unref();
    if (outer?.aborted) this.#abort();
    else outer?.addEventListener('abort', this.#abort, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#outer?.removeEventListener('abort', this.#abort);
  }
}
