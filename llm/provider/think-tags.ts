import { CHANNELS, Channels } from './channels.ts';
import { MarkdownCode } from './markdown-code.ts';
import type { ReplyTemplate } from './reply-template.ts';
import type { ToldApart } from './told-apart.ts';
import { overlap } from './words-in-pieces.ts';
import type { WrittenCall } from './written-forms.ts';

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
const LONE_END = /\n[ \t]{0,3}<\/think>[ \t]{0,3}\r?\n/;
const MAX_LONE_END = 20;
/** Blanks before a tag or a head; behind more the reply has begun, in characters. */
const MAX_BLANKS = 1_000;

/**
 * A filter that tells reasoning in tags at the beginning of a reply from its text, piece by piece: servers without a
 * parser for it hand on `<think>…</think>` as the model wrote it, torn where a token ends. Tags that come later are
 * text; but a model that has begun with thoughts may think again, at the beginning of a line and outside of code. Where
 * a template opens the thoughts, the first replies show them, and those after them are told apart, once the end of the
 * thoughts has come: until then they may be the text.
 */
export class ThinkTags {
  readonly #template: ReplyTemplate | undefined;
  /** Text that may be the beginning of a tag. */
  #held = '';
  #state: 'beginning' | 'thinking' | 'between' | 'text' | 'channels' = 'beginning';
  #opening = '';
  #hasHead = false;
  readonly #inChannels: Channels;
  readonly #code = new MarkdownCode();
  /** What has come of thoughts that nothing has opened here, until their end has come. */
  #unclosed: string | undefined;
  /** What the text ended with, where an end of thoughts may be torn; undefined once one was looked for in vain. */
  #last: string | undefined = '';
  /** Whether the reply shows that its template opens the thoughts; undefined where it says nothing of it. */
  #shows: boolean | undefined;
  #hasReasoned = false;

  /** @param template absent where none is left to guess at. */
  constructor(template?: ReplyTemplate) {
    this.#template = template;
    this.#inChannels = new Channels(template?.tools ?? []);
  }

  /** Whether another turn has begun: what follows is not wanted. */
  get met(): boolean {
    return this.#inChannels.met;
  }

  /** Tells that the server gives the thoughts apart: there are none in the text that only their end shows. */
  noteReasoning(): void {
    this.#hasReasoned = true;
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
    if (this.#shows !== undefined) this.#template?.thoughts?.learn(this.#shows && !this.#hasReasoned);
    this.#shows = undefined;
    const text = (this.#unclosed ?? '') + this.#release();
    const isText = this.#unclosed !== undefined || this.#state !== 'thinking';
    this.#unclosed = undefined;
    if (!isText) return { reasoning: text, text: '' };
    return { reasoning: '', text: this.#state === 'between' ? '' : text };
  }

  /** Returns the calls that have come whole since it was asked last, in channels. */
  takeCalls(): readonly WrittenCall[] {
    return this.#inChannels.takeCalls();
  }

  /** @returns whether there is more to read. */
  #read(told: { reasoning: string; text: string }): boolean {
    switch (this.#state) {
      case 'beginning':
        return this.#begin(told);
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

  #begin(told: { text: string }): boolean {
    const begun = this.#held.trimStart();
    const heads = this.#template ? HEADS : [];
    const channels = this.#template ? CHANNELS : [];
    const head = heads.find((one) => begun.startsWith(one));
    if (head !== undefined) {
      this.#held = begun.slice(head.length);
      this.#hasHead = true;
      return true;
    }
    if (channels.some((one) => begun.startsWith(one))) {
      this.#state = 'channels';
      return true;
    }
    if (this.#opens(begun)) return true;
    const isTorn = [...OPENING, ...heads, ...channels].some((one) => one.startsWith(begun));
    if (isTorn && this.#held.length <= MAX_BLANKS) return false;
    const thoughts = this.#template?.thoughts;
    if (thoughts && !this.#hasHead) this.#shows = false;
    if (thoughts?.known && !this.#hasHead && !this.#hasReasoned) {
      this.#opening = THINK;
      this.#unclosed = '';
      this.#state = 'thinking';
      return true;
    }
    this.#state = 'text';
    told.text = this.#heard(this.#hasHead ? begun : this.#held);
    this.#held = '';
    return false;
  }

  /** Looks for the end of thoughts that the template has opened: a line of its own, in a text that began none. */
  #heard(piece: string): string {
    if (this.#template?.thoughts === undefined || this.#last === undefined) return piece;
    const text = this.#last + piece;
    const found = LONE_END.exec(text);
    const isOver = text.includes(THINK);
    this.#code.note(piece.slice(0, Math.max(0, (found?.index ?? text.length) + 1 - this.#last.length)));
    if (found && !isOver && !this.#code.isOpen()) this.#shows = true;
    this.#last = found || isOver ? undefined : text.slice(-MAX_LONE_END);
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
    const thoughts = this.#held.slice(0, upTo);
    this.#held = this.#held.slice(end < 0 ? upTo : end + closing.length);
    if (this.#unclosed === undefined || end >= 0) told.reasoning += (this.#unclosed ?? '') + thoughts;
    else this.#unclosed += thoughts;
    if (end < 0) return false;
    if (this.#unclosed !== undefined) this.#shows = true;
    this.#unclosed = undefined;
    this.#state = 'between';
    return true;
  }

  /** The empty lines between reasoning and text belong to neither. */
  #goOn(): boolean {
    this.#held = this.#held.trimStart();
    if (this.#held === '' || this.#opens(this.#held)) return this.#held !== '';
    if (OPENING.some((one) => one.startsWith(this.#held))) return false;
    this.#state = 'text';
    return true;
  }

  #say(told: { reasoning: string; text: string }): boolean {
    for (let at = this.#held.indexOf(this.#opening); at >= 0; at = this.#held.indexOf(this.#opening)) {
      this.#tell(at, told);
      if (this.#code.isLineStart && !this.#code.isOpen()) {
        told.reasoning += '\n\n';
        return this.#opens(this.#held);
      }
      this.#tell(this.#opening.length, told);
    }
    this.#tell(this.#held.length - overlap(this.#held, this.#opening), told);
    return false;
  }

  #tell(length: number, told: { text: string }): void {
    const text = this.#held.slice(0, length);
    this.#held = this.#held.slice(length);
    this.#code.note(text);
    told.text += text;
  }

  #release(): string {
    const text = this.#held;
    this.#held = '';
    return text;
  }
}
