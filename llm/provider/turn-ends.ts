import { CodeFences } from './code-fences.ts';
import { anyOf, overlap } from './words-in-pieces.ts';

/** What ends a turn in the templates of open models. */
const ENDS = [
  '<|im_end|>',
  '<|eot_id|>',
  '<|eom_id|>',
  '<|eot|>',
  '<|EOT|>',
  '<|end|>',
  '<|return|>',
  '<|end_of_text|>',
  '<|endoftext|>',
  '<|end_of_turn|>',
  '<|END_OF_TURN_TOKEN|>',
  '<end_of_turn>',
  '<turn|>',
  '</s>',
  '<eos>',
  '[EOS]',
  '<\uFF5Cend\u2581of\u2581sentence\uFF5C>',
];
/** What begins one. */
const STARTS = [
  '<|im_start|>',
  '<|start_header_id|>',
  '<|start|>',
  '<|user|>',
  '<|assistant|>',
  '<|system|>',
  '<|begin_of_text|>',
  '<start_of_turn>',
  '<|turn>',
  '[INST]',
  '<s>',
  '<\uFF5CUser\uFF5C>',
];
const TOKENS = [...ENDS, ...STARTS];
const END = new RegExp(anyOf(ENDS), 'g');
const START = new RegExp(anyOf(STARTS));
const NEXT_TURN = new RegExp(`(?:${anyOf(ENDS)})\\s*(?:${anyOf(STARTS)})`);

/**
 * A filter that takes the words of a template off the end of a reply, piece by piece: servers of small models do not
 * always know them, and hand them on as text. Where another turn begins after one, the model talks to itself, and the
 * reply is over. A text that has begun a turn itself, or that goes on, is about templates, or holds HTML, and stays.
 */
export class TurnEnds {
  /** What may be the end of the turn. */
  #held = '';
  #hasStart = false;
  #met = false;
  readonly #fences = new CodeFences();

  /** Whether another turn has begun: what follows is not wanted. */
  get met(): boolean {
    return this.#met;
  }

  take(piece: string): string {
    if (this.#met) return '';
    const text = this.#held + piece;
    this.#held = '';
    if (!/[<[]/.test(text)) return this.#told(text);
    const next = this.#hasStart ? null : NEXT_TURN.exec(text);
    if (next && !this.#fences.openAfter(text.slice(0, next.index))) {
      this.#met = true;
      return text.slice(0, next.index);
    }
    this.#hasStart ||= START.test(text);
    const at = endOfWords(text);
    this.#held = text.slice(at);
    return this.#told(text.slice(0, at));
  }

  /** What is left at the end. */
  end(): string {
    const rest = this.#held;
    this.#held = '';
    return this.#hasStart ? rest : withoutEnds(rest);
  }

  #told(text: string): string {
    this.#fences.note(text);
    return text;
  }
}

/** Returns a text without the words that end a turn. */
export const withoutEnds = (text: string): string => text.replace(END, '').trimEnd();

/** Returns where the words of a template begin that a text ends with, the last of which may be torn. */
function endOfWords(text: string): number {
  let at = text.length - Math.max(...TOKENS.map((token) => overlap(text, token)));
  for (;;) {
    const words = text.slice(0, at).trimEnd();
    const end = ENDS.find((token) => words.endsWith(token));
    if (end === undefined) return at;
    at = words.length - end.length;
  }
}
