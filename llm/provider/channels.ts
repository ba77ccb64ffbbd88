import type { ToldApart } from './told-apart.ts';
import { overlap } from './words-in-pieces.ts';
import type { WrittenCall } from './written-calls.ts';

/** What a reply in channels may begin with. */
export const CHANNELS = ['<|channel|>', '<|start|>assistant'];
const MESSAGE = '<|message|>';
const ENDS = ['<|end|>', '<|return|>', '<|call|>', '<|start|>', '<|channel|>'];
/** Headers are shorter, in characters: what is longer is text. */
const MAX_HEADER = 300;

/**
 * A filter that reads the channels of gpt-oss (harmony), piece by piece, where its server hands them on as the model
 * wrote them: what it thinks, what it says, and the calls that it makes.
 */
export class Channels {
  #held = '';
  #kind: 'header' | 'reasoning' | 'text' | 'call' = 'header';
  #call: { name: string; arguments: string } = { name: '', arguments: '' };
  readonly #calls: WrittenCall[] = [];
  #hasText = false;

  take(piece: string): ToldApart {
    this.#held += piece;
    const told = { reasoning: '', text: '' };
    while (this.#kind === 'header' ? this.#readHeader(told) : this.#readBody(told));
    return told;
  }

  /** What is left at the end. */
  end(): ToldApart {
    const told = { reasoning: '', text: '' };
    if (this.#kind !== 'header') this.#say(this.#held, told);
    else if (!this.#held.trimStart().startsWith('<|')) told.text = this.#held.trim();
    this.#held = '';
    this.#endCall();
    return told;
  }

  /** Returns the calls that have come whole since it was asked last. */
  takeCalls(): readonly WrittenCall[] {
    return this.#calls.splice(0);
  }

  /** @returns whether there is more to read. */
  #readHeader(told: { text: string }): boolean {
    this.#held = this.#held.trimStart();
    const end = this.#held.indexOf(MESSAGE);
    const isPlain = !'<|'.startsWith(this.#held.slice(0, 2)) || (end < 0 && this.#held.length > MAX_HEADER);
    if (this.#held === '' || (end < 0 && !isPlain)) return false;
    const header = isPlain ? '' : this.#held.slice(0, end);
    if (!isPlain) this.#held = this.#held.slice(end + MESSAGE.length);
    const to = /\bto=([\w.:/-]+)/.exec(header)?.[1];
    if (to !== undefined) {
      this.#kind = 'call';
      this.#call = { name: to, arguments: '' };
    } else this.#kind = /<\|channel\|>analysis/.test(header) ? 'reasoning' : 'text';
    // What is said before a call, and what is said at the end.
    if (this.#kind === 'text' && this.#hasText) told.text += '\n\n';
    return true;
  }

  #readBody(told: { reasoning: string; text: string }): boolean {
    const ends = ENDS.map((word) => this.#held.indexOf(word)).filter((at) => at >= 0);
    if (ends.length === 0) {
      const keep = Math.max(...ENDS.map((word) => overlap(this.#held, word)));
      this.#say(this.#held.slice(0, this.#held.length - keep), told);
      this.#held = this.#held.slice(this.#held.length - keep);
      return false;
    }
    const at = Math.min(...ends);
    this.#say(this.#held.slice(0, at), told);
    const word = ENDS.find((one) => this.#held.startsWith(one, at))!;
    const opens = word === '<|start|>' || word === '<|channel|>';
    this.#held = this.#held.slice(opens ? at : at + word.length);
    this.#endCall();
    this.#kind = 'header';
    return true;
  }

  #say(words: string, told: { reasoning: string; text: string }): void {
    if (this.#kind === 'call') this.#call.arguments += words;
    else if (this.#kind === 'reasoning') told.reasoning += words;
    else {
      told.text += words;
      this.#hasText ||= words !== '';
    }
  }

  #endCall(): void {
    if (this.#kind === 'call') this.#calls.push(this.#call);
    this.#kind = 'header';
  }
}
