import type { ToolDefinition } from '../messages.ts';
import { offeredTool } from './offered-tool.ts';
import type { ToldApart } from './told-apart.ts';
import { anyOf, overlap } from './words-in-pieces.ts';
import type { WrittenCall } from './written-forms.ts';

const OPENING = ['<|start|>', '<|channel|>'];
/** What a reply in channels may begin with. */
export const CHANNELS = ['<|channel|>', '<|start|>assistant'];
const MESSAGE = '<|message|>';
const ENDS = ['<|end|>', '<|return|>', '<|call|>', ...OPENING];
const END = new RegExp(anyOf(ENDS));
/** Headers are no longer, in characters: what is longer is text. */
const MAX_HEADER = 300;

/**
 * A filter that reads the channels of gpt-oss (harmony), piece by piece, where its server hands them on as the model
 * wrote them: what it thinks, what it says, and the calls of offered tools. Where it begins a turn that is not its own,
 * the reply is over.
 */
export class Channels {
  readonly #tools: readonly ToolDefinition[];
  #held = '';
  #kind: 'header' | 'reasoning' | 'text' | 'call' | 'over' = 'header';
  #call: { name: string; arguments: string } = { name: '', arguments: '' };
  readonly #calls: WrittenCall[] = [];
  #hasText = false;

  /** @param tools that are offered. */
  constructor(tools: readonly ToolDefinition[]) {
    this.#tools = tools;
  }

  /** Whether another turn has begun: what follows is not wanted. */
  get met(): boolean {
    return this.#kind === 'over';
  }

  take(piece: string): ToldApart {
    const told = { reasoning: '', text: '' };
    if (this.#kind === 'over') return told;
    this.#held += piece;
    while (this.#kind === 'header' ? this.#readHeader(told) : this.#readBody(told));
    return told;
  }

  /** What is left at the end. */
  end(): ToldApart {
    const told = { reasoning: '', text: '' };
    if (this.#kind === 'header') this.#kind = 'text';
    if (this.#kind !== 'over') this.#say(this.#held, told);
    this.#held = '';
    this.#endCall();
    return told;
  }

  /** Returns the calls that have come whole since it was asked last. */
  takeCalls(): readonly WrittenCall[] {
    return this.#calls.splice(0);
  }

  /** @returns whether there is more to read. */
  #readHeader(told: { reasoning: string; text: string }): boolean {
    this.#held = this.#held.trimStart();
    const word = OPENING.find((one) => this.#held.startsWith(one));
    if (word === undefined) {
      if (OPENING.some((one) => one.startsWith(this.#held))) return false;
      this.#begin('text', told);
      return true;
    }
    const end = this.#held.slice(0, MAX_HEADER + MESSAGE.length).indexOf(MESSAGE);
    if (end < 0) {
      if (this.#held.length <= MAX_HEADER + MESSAGE.length) return false;
      // It is none: its word is text, so that it is not found once more.
      this.#kind = 'text';
      this.#say(word, told);
      this.#held = this.#held.slice(word.length);
      return true;
    }
    const header = this.#held.slice(0, end);
    this.#held = this.#held.slice(end + MESSAGE.length);
    const to = /\bto=([\w.:/-]+)/.exec(header)?.[1];
    if (/^<\|start\|>(?!assistant)/.test(header)) this.#kind = 'over';
    else if (to !== undefined && offeredTool(this.#tools, to)) {
      this.#kind = 'call';
      this.#call = { name: to, arguments: '' };
    } else this.#begin(/<\|channel\|>analysis/.test(header) ? 'reasoning' : 'text', told);
    return this.#kind !== 'over';
  }

  #readBody(told: { reasoning: string; text: string }): boolean {
    const found = END.exec(this.#held);
    if (!found) {
      const keep = Math.max(...ENDS.map((word) => overlap(this.#held, word)));
      this.#say(this.#held.slice(0, this.#held.length - keep), told);
      this.#held = this.#held.slice(this.#held.length - keep);
      return false;
    }
    const { 0: word, index } = found;
    this.#say(this.#held.slice(0, index), told);
    this.#held = this.#held.slice(OPENING.includes(word) ? index : index + word.length);
    this.#endCall();
    this.#kind = 'header';
    return true;
  }

  #begin(kind: 'reasoning' | 'text', told: { text: string }): void {
    this.#kind = kind;
    // What is said before a call, and what is said at the end.
    if (kind === 'text' && this.#hasText) told.text += '\n\n';
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
  }
}
