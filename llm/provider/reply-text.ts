import type { Delta } from './deltas.ts';
import { JsonFence } from './json-fence.ts';
import { StopWords } from './stop-words.ts';
import { ThinkTags } from './think-tags.ts';

/** The text of a reply as it is handed on: without reasoning in tags, up to the first word that ends it. */
export class ReplyText {
  readonly #tags = new ThinkTags();
  readonly #stop: StopWords | undefined;
  readonly #fence: JsonFence | undefined;

  constructor({ stop, json }: { readonly stop?: readonly string[] | undefined; readonly json?: boolean }) {
    if (stop !== undefined && stop.length > 0) this.#stop = new StopWords(stop);
    if (json) this.#fence = new JsonFence();
  }

  /** Whether the reply has come to one of the words that end it. */
  get stopped(): boolean {
    return this.#stop?.met ?? false;
  }

  /** Takes a piece, and adds to `deltas` what it says. */
  take(piece: string, deltas: Delta[]): void {
    const { reasoning, text } = this.#tags.take(piece);
    if (reasoning !== '') deltas.push({ type: 'reasoning', text: reasoning });
    this.#say(text, deltas);
  }

  /** Adds what was held back. */
  end(deltas: Delta[]): void {
    const { reasoning, text } = this.#tags.end();
    if (reasoning !== '') deltas.push({ type: 'reasoning', text: reasoning });
    this.#say(text, deltas);
    if (this.#stop && !this.#stop.met) this.#say(this.#stop.end(), deltas, true);
    const rest = this.#fence?.end() ?? '';
    if (rest !== '') deltas.push({ type: 'text', text: rest });
  }

  #say(text: string, deltas: Delta[], last = false): void {
    if (text === '') return;
    const upTo = this.#stop && !last ? this.#stop.take(text) : text;
    const plain = upTo === '' || !this.#fence ? upTo : this.#fence.take(upTo);
    if (plain !== '') deltas.push({ type: 'text', text: plain });
  }
}
