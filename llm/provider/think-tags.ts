import { CHANNELS, Channels } from './channels.ts';
import { CodeFences } from './code-fences.ts';
import type { ToldApart } from './told-apart.ts';
import { overlap } from './words-in-pieces.ts';
import type { WrittenCall } from './written-calls.ts';

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
/** What opens thoughts, and what closes them; the last is Gemma's. */
const CLOSING: Readonly<Record<string, string>> = {
  ...Object.fromEntries(TAGS.map((tag) => [tag, `${tag[0]}/${tag.slice(1)}`])),
  '<|channel>thought': '<channel|>',
};
const OPENING = Object.keys(CLOSING);
/**
 * What a server may have left of the template before the reply: the head of the turn, and the end of thoughts that the
 * template has opened, or that came apart.
 */
const HEADS = [
  '<|im_start|>assistant',
  '<|begin_of_text|>',
  '<|start_header_id|>assistant<|end_header_id|>',
  '<start_of_turn>model',
  '<|turn>model',
  '<|assistant|>',
  ...Object.values(CLOSING),
];

const THINK = '<think>';
const LONE_END = /(?:^|\n)[ \t]*<\/think>[ \t]*\r?\n/;

/** The knowledge whether a template opens the thoughts of its model, so that a reply holds no more than their end. */
export interface OpenedThoughts {
  readonly known: boolean;
  /** Hears of a reply that shows it, or the contrary. */
  learn(opens: boolean): void;
}

/**
 * A filter that tells reasoning in tags at the beginning of a reply from its text, piece by piece: servers without a
 * parser for it hand on `<think>…</think>` as the model wrote it, torn where a token ends. Tags that come later are
 * text; but a model that has begun with thoughts may think again, at the beginning of a line and outside of code. Where
 * a template opens the thoughts, the first reply shows them, and those after it are told apart.
 */
export class ThinkTags {
  readonly #opened: OpenedThoughts | undefined;
  /** Text that may be the beginning of a tag. */
  #held = '';
  #state: 'beginning' | 'thinking' | 'between' | 'text' | 'channels' = 'beginning';
  #opening = '';
  #hasHead = false;
  readonly #inChannels = new Channels();
  readonly #fences = new CodeFences();
  #isLineStart = true;
  /** What has come of thoughts that nothing has opened here, until their end has come. */
  #unclosed: string | undefined;
  /** What the text ended with, where an end of thoughts may be torn; undefined once one was looked for in vain. */
  #last: string | undefined = '';

  /** @param opened absent where no template is left to guess at. */
  constructor(opened?: OpenedThoughts) {
    this.#opened = opened;
  }

  take(piece: string): ToldApart {
    if (this.#state === 'channels') return this.#inChannels.take(piece);
    if (this.#state === 'text' && this.#opening === '') return { reasoning: '', text: this.#heard(piece) };
    this.#held += piece;
    const told = { reasoning: '', text: '' };
    while (this.#read(told));
    return told;
  }

  /** What is left at the end. */
  end(): ToldApart {
    if (this.#state === 'channels') return this.#inChannels.end();
    const rest = this.#release();
    if (this.#state === 'thinking' && this.#unclosed !== undefined) {
      this.#opened?.learn(false);
      const text = this.#unclosed + rest;
      this.#unclosed = undefined;
      return { reasoning: '', text };
    }
    if (this.#state === 'thinking') return { reasoning: rest, text: '' };
    return { reasoning: '', text: this.#state === 'between' ? '' : rest };
  }

  /** Returns the calls that have come whole since it was asked last, in channels. */
  takeCalls(): readonly WrittenCall[] {
    return this.#inChannels.takeCalls();
  }

  /** @returns whether there is more to read. */
  #read(told: { reasoning: string; text: string }): boolean {
    switch (this.#state) {
      case 'beginning':
        return this.#begin();
      case 'thinking':
        return this.#think(told);
      case 'between':
        return this.#goOn();
      case 'text':
        return this.#say(told);
      case 'channels':
        Object.assign(told, this.#inChannels.take(this.#release()));
        return false;
    }
  }

  #begin(): boolean {
    const begun = this.#held.trimStart();
    const head = HEADS.find((one) => begun.startsWith(one));
    if (head !== undefined) {
      this.#held = begun.slice(head.length);
      this.#hasHead = true;
      return true;
    }
    if (CHANNELS.some((one) => begun.startsWith(one))) {
      this.#state = 'channels';
      return true;
    }
    if (this.#opens(begun)) return true;
    if ([...OPENING, ...HEADS, ...CHANNELS].some((one) => one.startsWith(begun))) return false;
    if (this.#opened?.known && !this.#hasHead) {
      this.#opening = THINK;
      this.#unclosed = '';
      this.#state = 'thinking';
      return true;
    }
    if (this.#hasHead) this.#held = begun;
    this.#state = 'text';
    return true;
  }

  /** Looks for the end of thoughts that the template has opened: a line of its own, in a text that began none. */
  #heard(piece: string): string {
    if (this.#opened === undefined || this.#last === undefined) return piece;
    const text = this.#last + piece;
    this.#last = text.includes(THINK) ? undefined : text.slice(-2 * THINK.length);
    if (LONE_END.test(text) && this.#last !== undefined && !this.#fences.openAfter(piece)) {
      this.#opened.learn(true);
      this.#last = undefined;
    }
    this.#fences.note(piece);
    return piece;
  }

  #opens(text: string): boolean {
    const tag = OPENING.find((one) => text.startsWith(one));
    if (tag === undefined) return false;
    this.#opening = tag;
    this.#held = text.slice(tag.length);
    this.#state = 'thinking';
    return true;
  }

  #think(told: { reasoning: string }): boolean {
    const closing = CLOSING[this.#opening]!;
    const end = this.#held.indexOf(closing);
    const upTo = end < 0 ? this.#held.length - overlap(this.#held, closing) : end;
    told.reasoning += this.#held.slice(0, upTo);
    if (end >= 0) this.#unclosed = undefined;
    else if (this.#unclosed !== undefined) this.#unclosed += this.#held.slice(0, upTo);
    this.#held = this.#held.slice(end < 0 ? upTo : end + closing.length);
    if (end >= 0) this.#state = 'between';
    return end >= 0;
  }

  /** The empty lines between reasoning and text belong to neither. */
  #goOn(): boolean {
    this.#held = this.#held.trimStart();
    if (this.#held === '' || this.#opens(this.#held)) return this.#held !== '';
    if (OPENING.some((one) => one.startsWith(this.#held))) return false;
    this.#state = 'text';
    this.#isLineStart = true;
    return true;
  }

  #say(told: { reasoning: string; text: string }): boolean {
    for (let at = this.#held.indexOf(this.#opening); this.#opening !== '' && at >= 0; ) {
      const before = this.#held.slice(0, at);
      if ((before === '' ? this.#isLineStart : before.endsWith('\n')) && !this.#fences.openAfter(before)) {
        told.text += before;
        told.reasoning += '\n\n';
        return this.#opens(this.#held.slice(at));
      }
      at = this.#held.indexOf(this.#opening, at + 1);
    }
    const keep = this.#opening === '' ? 0 : overlap(this.#held, this.#opening);
    const text = this.#held.slice(0, this.#held.length - keep);
    this.#held = this.#held.slice(text.length);
    this.#fences.note(text);
    if (text !== '') this.#isLineStart = text.endsWith('\n');
    told.text += text;
    return false;
  }

  #release(): string {
    const text = this.#held;
    this.#held = '';
    return text;
  }
}
