import { CodedError } from '#platform/base/errors/errors.ts';
import type { HeavyKind, HeavyWork } from '#platform/base/thread/heavy-work.ts';
import { ThreadClient } from '#platform/base/thread/thread-rpc.ts';
import { JobRefused } from '#platform/data/jobs/jobs.ts';
import type { HeicMethods } from './heic-thread.ts';

/** A picture of a telephone takes one or two seconds. */
const TIMEOUT_MS = 60_000;
/** The decoder keeps the memory of the largest picture: a thread without one for so long ends. */
const IDLE_MS = 5_000;

/**
 * A converter of HEIC, the format of iPhones, whose coding sharp cannot decode. libheif does, as WebAssembly in a
 * thread of its own: a picture that takes too long costs that thread and nothing else.
 */
export class HeicDecoder implements HeavyKind, AsyncDisposable {
  readonly #thread = new ThreadClient<HeicMethods>(new URL('./heic-thread.ts', import.meta.url), undefined, 'HEIC', {
    idleMs: IDLE_MS,
  });
  readonly needsMb = 144;
  readonly #heavy: Pick<HeavyWork, 'run'>;
  #last: Promise<unknown> = Promise.resolve();

  /** @param heavy gives turns where memory is little: the pixels of a picture take four bytes each. */
  constructor(heavy: Pick<HeavyWork, 'run'>) {
    this.#heavy = heavy;
  }

  /**
   * Converts a picture to JPEG, upright.
   *
   * @param options.icc its colour profile, which the JPEG gets too.
   * @throws {JobRefused} for what cannot be decoded.
   */
  convert(bytes: Uint8Array, { icc }: { icc?: Uint8Array | undefined }, signal?: AbortSignal): Promise<Uint8Array> {
    // One after another: the thread decodes one at a time, and time waited is not time taken.
    const turn = this.#last.then(() => this.#heavy.run(this, signal, () => this.#convert(bytes, icc, signal)));
    this.#last = turn.catch(() => {});
    return turn;
  }

  async #convert(bytes: Uint8Array, icc: Uint8Array | undefined, signal?: AbortSignal): Promise<Uint8Array> {
    const deadline = AbortSignal.timeout(TIMEOUT_MS);
    try {
      return await this.#thread.call(
        'convert',
        { bytes, ...(icc && { icc }) },
        { signal: signal ? AbortSignal.any([signal, deadline]) : deadline },
      );
    } catch (error) {
      // Whatever it is doing now is of no use any more.
      if (deadline.aborted || signal?.aborted) this.#thread.kill();
      if (deadline.aborted) throw new JobRefused(`The picture was not decoded within ${TIMEOUT_MS / 1000} s.`);
      if (error instanceof CodedError && error.code === 'BAD_USER_INPUT') throw new JobRefused(error.message);
      throw error;
    }
  }

  end(): void {
    this.#thread.kill();
  }

  release(): Promise<void> {
    return this.#thread.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#thread[Symbol.asyncDispose]();
  }
}
