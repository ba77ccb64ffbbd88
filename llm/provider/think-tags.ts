/** A piece of a reply, told apart. */
export interface ToldApart {
  readonly reasoning: string;
  readonly text: string;
}

const TAGS = [
  '<think>',
  '<thinking>',
  '<thought>',
  '<thoughts>',
  '<reasoning>',
  '<seed:think>',
  '[THINK]',
  '\u25C1think\u25B7',
];
/** What opens thoughts, and what closes them; the last is of the channels of gpt-oss. */
const CLOSING: Readonly<Record<string, string>> = {
  ...Object.fromEntries(TAGS.map((tag) => [tag, `${tag[0]}/${tag.slice(1)}`])),
  '<|channel|>analysis<|message|>': '<|end|><|start|>assistant<|channel|>final<|message|>',
};
const OPENING = Object.keys(CLOSING);

/**
 * A filter that tells reasoning in tags at the beginning of a reply from its text, piece by piece: servers without a
 * parser for it hand on `<think>…</think>` as the model wrote it, torn where a token ends. Tags that come later are
 * text.
 */
export class ThinkTags {
  /** Text that may be the beginning of a tag. */
  #held = '';
  #state: 'beginning' | 'thinking' | 'between' | 'text' = 'beginning';
  #closing = '';

  take(piece: string): ToldApart {
    if (this.#state === 'text') return { reasoning: '', text: piece };
    this.#held += piece;
    let reasoning = '';
    for (;;) {
      if (this.#state === 'beginning') {
        const begun = this.#held.trimStart();
        const tag = OPENING.find((one) => begun.startsWith(one));
        if (tag === undefined) {
          if (OPENING.some((one) => one.startsWith(begun))) return { reasoning, text: '' };
          return { reasoning, text: this.#release() };
        }
        this.#closing = CLOSING[tag]!;
        this.#held = begun.slice(tag.length);
        this.#state = 'thinking';
      } else if (this.#state === 'thinking') {
        const end = this.#held.indexOf(this.#closing);
        if (end < 0) {
          const keep = overlap(this.#held, this.#closing);
          reasoning += this.#held.slice(0, this.#held.length - keep);
          this.#held = this.#held.slice(this.#held.length - keep);
          return { reasoning, text: '' };
        }
        reasoning += this.#held.slice(0, end);
        this.#held = this.#held.slice(end + this.#closing.length);
        this.#state = 'between';
      } else {
        // The empty lines between reasoning and text belong to neither.
        this.#held = this.#held.trimStart();
        return this.#held === '' ? { reasoning, text: '' } : { reasoning, text: this.#release() };
      }
    }
  }

  /** What is left at the end. */
  end(): ToldApart {
    const rest = this.#held;
    this.#held = '';
    if (this.#state === 'thinking') return { reasoning: rest, text: '' };
    return { reasoning: '', text: this.#state === 'between' ? '' : rest };
  }

  #release(): string {
    const text = this.#held;
    this.#held = '';
    this.#state = 'text';
    return text;
  }
}

/** Returns how many characters at the end of `text` begin `word`. */
export function overlap(text: string, word: string): number {
  for (let length = Math.min(text.length, word.length - 1); length > 0; length--)
    if (text.endsWith(word.slice(0, length))) return length;
  return 0;
}
