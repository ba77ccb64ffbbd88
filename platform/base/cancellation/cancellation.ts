/** A signal that can end work early: an AbortSignal, or a Cancellation. */
export interface CancelSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  addEventListener(type: 'abort', listener: () => void): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/**
 * A means to end work at most once, like an AbortController and its signal in one object, without being an event
 * target: making one, listening and forgetting cost next to nothing, and nearly all requests end without ever being
 * cancelled. Where something needs a real AbortSignal, `abortSignalOf` makes one.
 */
export class Cancellation implements CancelSignal {
  aborted = false;
  reason: unknown;
  #listener: (() => void) | undefined;
  /** Beyond the first. */
  #others: Set<() => void> | undefined;

  /** @param reason what callers are rejected with. */
  abort(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const first = this.#listener;
    const others = this.#others;
    this.#listener = undefined;
    this.#others = undefined;
    first?.();
    if (others) for (const listener of others) listener();
  }

  /** Called once, when it happens; never for what has happened already, as with an AbortSignal. */
  addEventListener(_type: 'abort', listener: () => void): void {
    if (this.aborted) return;
    if (this.#listener === undefined) {
      this.#listener = listener;
      return;
    }
    this.#others ??= new Set();
    this.#others.add(listener);
  }

  removeEventListener(_type: 'abort', listener: () => void): void {
    if (this.#listener === listener) this.#listener = undefined;
    else this.#others?.delete(listener);
  }
}

const signals = new WeakMap<CancelSignal, AbortSignal>();

/** Returns the signal as an AbortSignal, for what takes nothing else, such as `fetch`. */
export function abortSignalOf(signal: CancelSignal): AbortSignal {
  if (signal instanceof AbortSignal) return signal;
  let made = signals.get(signal);
  if (!made) {
    const controller = new AbortController();
    if (signal.aborted) controller.abort(signal.reason);
    else signal.addEventListener('abort', () => controller.abort(signal.reason));
    made = controller.signal;
    signals.set(signal, made);
  }
  return made;
}
