import { MarkdownCode } from './markdown-code.ts';

/** What ends a turn in the templates of open models; HTML has the first one, too. */
const STRIKE_END = '</s>';
const ENDS = [
  STRIKE_END,
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
  '<\uFF5CUser\uFF5C>',
];
/** What Llama 2 and Mistral begin a conversation with, and HTML a price of before. */
const STRIKE = '<s>';
const TOKENS = [...ENDS, ...STARTS, STRIKE];
const MAX_TOKEN = Math.max(...TOKENS.map((token) => token.length));
/** More such words are not the end of a reply, in characters. */
const MAX_RUN = 1_000;
/** A text that speaks of the word behind it. */
const SPEAKS_OF = /[\p{L}\p{N}] +$|[:,]\s*$/u;

/**
 * A filter that takes the words of a template off the end of a reply, piece by piece: servers of small models do not
 * always know them, and hand them on as text. Where another turn begins after one, outside of code, the model talks to
 * itself, and the reply is over. A text that has begun a turn itself, that goes on, or that names such a word in a
 * sentence, is about templates, or holds HTML, and stays.
 */
export class TurnEnds {
  /** The beginning of a token, torn. */
  #torn = '';
  /** Tokens that end the turn, and blanks, unless more follows. */
  #run = '';
  #isRunInCode = false;
  #hasStart = false;
  #hasStrike = false;
  #met = false;
  /** The end of what was told. */
  #last = '';
  readonly #code = new MarkdownCode();

  /** Whether another turn has begun: what follows is not wanted. */
  get met(): boolean {
    return this.#met;
  }

  take(piece: string): string {
    const text = this.#torn + piece;
    this.#torn = '';
    let told = '';
    for (let at = 0; at < text.length && !this.#met; ) {
      const next = nextOf(this.#run === '' ? MARK : WORD, text, at);
      if (this.#run === '') told += this.#tell(text.slice(at, next));
      else this.#run += text.slice(at, next);
      at = next;
      if (at === text.length) break;
      const token = TOKENS.find((one) => text.startsWith(one, at));
      if (token === undefined && text.length - at < MAX_TOKEN && isTorn(text.slice(at))) {
        this.#torn = text.slice(at);
        break;
      }
      if (this.#goesOn(token)) at += token!.length;
      else {
        // What follows decides once more, as it does after a text.
        told += this.#release();
        const length = token?.length ?? 1;
        this.#hasStart ||= token !== undefined && STARTS.includes(token);
        this.#hasStrike ||= /^<s[\s>]/.test(text.slice(at, at + 3));
        told += this.#tell(text.slice(at, at + length));
        at += length;
      }
      if (this.#run.length > MAX_RUN) told += this.#release();
    }
    return told;
  }

  /** What is left at the end. */
  end(): string {
    const torn = this.#torn;
    this.#torn = '';
    if (torn !== '' || this.#hasStart || SPEAKS_OF.test(this.#last)) return this.#release() + torn;
    this.#run = '';
    return '';
  }

  /** Takes a token that may belong to the end. @returns whether it may. */
  #goesOn(token: string | undefined): boolean {
    if (token === undefined) return false;
    if (ENDS.includes(token) && !(token === STRIKE_END && this.#hasStrike)) {
      if (this.#run === '') this.#isRunInCode = this.#code.isOpen();
      this.#run += token;
      return true;
    }
    if (this.#run === '') return false;
    if (token === STRIKE) {
      this.#run += token;
      return true;
    }
    if (!STARTS.includes(token) || this.#hasStart || this.#isRunInCode) return false;
    this.#met = true;
    this.#run = '';
    return true;
  }

  #release(): string {
    const run = this.#run;
    this.#run = '';
    this.#hasStrike ||= run.includes(STRIKE);
    return this.#tell(run);
  }

  #tell(text: string): string {
    this.#code.note(text);
    this.#last = (this.#last + text.slice(-MAX_TOKEN)).slice(-MAX_TOKEN);
    return text;
  }
}

const MARK = /[<[]/g;
const WORD = /\S/g;

/** Returns where an expression is met from a position on, or the end. */
function nextOf(expression: RegExp, text: string, from: number): number {
  expression.lastIndex = from;
  return expression.exec(text)?.index ?? text.length;
}

/** Whether a text may be the beginning of a token. */
const isTorn = (text: string): boolean => text !== '' && TOKENS.some((token) => token.startsWith(text));
