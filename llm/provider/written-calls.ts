import type { ToolDefinition } from '../messages.ts';
import { MarkdownCode } from './markdown-code.ts';
import { overlap } from './words-in-pieces.ts';
import { callsIn, type WrittenCall } from './written-forms.ts';

interface Form {
  readonly open: string;
  /** Without it a form goes on to the end of the reply. */
  readonly close?: string;
}

const FORMS: readonly Form[] = [
  // Hermes and Qwen, each with an inside of its own.
  { open: '<tool_call>', close: '</tool_call>' },
  { open: '<|tool_calls_section_begin|>', close: '<|tool_calls_section_end|>' },
  { open: '[TOOL_CALLS]' },
  { open: '<|python_tag|>' },
];
/** An object that is the whole reply (Llama), and what may be the beginning of one. */
const BARE = /^\{\s*"(?:name|type|function)"/;
const BARE_TORN = /^\{\s*(?:"(?:n|na|nam|name|t|ty|typ|type|f|fu|fun|func|funct|functi|functio|function)?)?$/;
/** Blanks at the beginning, with which it is decided what a reply is; what is longer is a text, in characters. */
const MAX_BEGINNING = 200;
/** What is longer is a text, in characters. */
const MAX_LENGTH = 1_000_000;

/**
 * A filter that finds the calls of offered tools in a text, piece by piece: a server that has no parser for the way in
 * which its model calls tools, or whose parser gave up, hands them on as text.
 *
 * A text may quote what others have written, so a call stands on lines of its own, from the first character on, and
 * outside of code. What does not turn out to be a call of an offered tool stays text, and so does the whole line where
 * more stands on it.
 */
export class WrittenCalls {
  readonly #tools: readonly ToolDefinition[];
  readonly #calls: WrittenCall[] = [];
  readonly #code = new MarkdownCode();
  #state: 'beginning' | 'line' | 'text' | 'form' | 'behind' | 'after' | 'bare' = 'beginning';
  /** What is text unless it is a call; it is not looked at until its end has come. */
  #held = '';
  /** What was read of `held` last, where a word may be torn. */
  #tail = '';
  /** The form that is open, and where its inside begins in `held`. */
  #form: Form = FORMS[0]!;
  #from = 0;
  /** Calls of these lines, before it is known whether more stands on them. */
  #pending: WrittenCall[] = [];

  /** @param tools that are offered. */
  constructor(tools: readonly ToolDefinition[]) {
    this.#tools = tools;
  }

  /** Returns the calls that have come whole since it was asked last. */
  takeCalls(): readonly WrittenCall[] {
    return this.#calls.splice(0);
  }

  take(piece: string): string {
    let told = '';
    for (let rest = piece; rest !== ''; ) {
      const read = this.#read(rest);
      told += read.told;
      rest = read.rest;
    }
    return told;
  }

  /** What is left at the end. */
  end(): string {
    if (this.#state === 'bare') this.#pending = callsIn(this.#held, this.#tools, true);
    if (this.#state === 'form') {
      const inside = this.#held.slice(this.#from);
      const calls = callsIn(inside, this.#tools);
      // Mistral's models write the word before each call.
      const each = calls.length > 0 ? [calls] : inside.split(this.#form.open).map((one) => callsIn(one, this.#tools));
      this.#pending = each.every((list) => list.length > 0) ? [...this.#pending, ...each.flat()] : [];
    }
    if (this.#state === 'behind' && this.#tail !== '') this.#pending = [];
    if (this.#pending.length === 0) return this.#release();
    this.#accept();
    return '';
  }

  /** Reads as much as one state does. @returns what of it is text, and what is to be read next. */
  #read(text: string): { told: string; rest: string } {
    switch (this.#state) {
      case 'beginning':
        return this.#begin(text);
      case 'line':
        return this.#openLine(text);
      case 'text':
        return this.#readLine(text);
      case 'form':
        return this.#readForm(text);
      case 'behind':
        return this.#goOn(text);
      case 'after': {
        const rest = text.replace(/^[\r\n]+/, '');
        if (rest !== '') this.#state = 'line';
        return { told: '', rest };
      }
      case 'bare':
        this.#held += text;
        return { told: this.#held.length > MAX_LENGTH ? this.#release() : '', rest: '' };
    }
  }

  #begin(piece: string): { told: string; rest: string } {
    const all = this.#held + piece;
    const text = all.trimStart();
    if (text === '' || BARE_TORN.test(text)) {
      this.#held = all;
      return { told: all.length > MAX_BEGINNING ? this.#release() : '', rest: '' };
    }
    this.#held = '';
    if (BARE.test(text)) {
      this.#state = 'bare';
      return { told: '', rest: all };
    }
    const blanks = all.slice(0, all.length - text.length);
    // More is code.
    this.#state = /(?:^|\n) {0,3}$/.test(blanks) ? 'line' : 'text';
    return { told: this.#tell(blanks), rest: text };
  }

  /** Opens a form where the line begins with one. */
  #openLine(piece: string): { told: string; rest: string } {
    const line = this.#held + piece;
    const isFree = !this.#code.isOpen();
    if (isFree && this.#opens(line, '')) return { told: '', rest: line.slice(this.#form.open.length) };
    if (isFree && FORMS.some(({ open }) => open.startsWith(line))) {
      this.#held = line;
      return { told: '', rest: '' };
    }
    this.#held = '';
    this.#state = 'text';
    return { told: '', rest: line };
  }

  #readLine(text: string): { told: string; rest: string } {
    const end = text.indexOf('\n') + 1;
    if (end === 0) return { told: this.#tell(text), rest: '' };
    this.#state = 'line';
    return { told: this.#tell(text.slice(0, end)), rest: text.slice(end) };
  }

  #readForm(piece: string): { told: string; rest: string } {
    const { close } = this.#form;
    const seen = this.#tail + piece;
    const at = close === undefined ? -1 : seen.indexOf(close);
    if (at < 0) {
      this.#held += piece;
      this.#tail = close === undefined ? '' : seen.slice(seen.length - overlap(seen, close));
      return { told: this.#held.length > MAX_LENGTH ? this.#release() : '', rest: '' };
    }
    const length = at + close!.length - this.#tail.length;
    this.#held += piece.slice(0, length);
    this.#tail = '';
    const rest = piece.slice(length);
    const calls = callsIn(this.#held.slice(this.#from, -close!.length), this.#tools);
    if (calls.length === 0) return { told: this.#release(), rest };
    this.#pending.push(...calls);
    this.#state = 'behind';
    return { told: '', rest };
  }

  /** No more than the end of the line, or another call, may follow a call. */
  #goOn(piece: string): { told: string; rest: string } {
    const text = this.#tail + piece;
    this.#tail = '';
    if (text.startsWith('\n')) {
      this.#accept();
      return { told: '', rest: text.slice(1) };
    }
    if (/^[ \t\r]/.test(text)) {
      this.#held += text[0]!;
      const told = this.#held.length > MAX_LENGTH ? this.#release() : '';
      return { told, rest: text.slice(1) };
    }
    if (this.#opens(text, this.#held)) return { told: '', rest: text.slice(this.#form.open.length) };
    if (FORMS.some(({ open }) => open.startsWith(text))) {
      this.#tail = text;
      return { told: '', rest: '' };
    }
    return { told: this.#release(), rest: text };
  }

  #opens(text: string, before: string): boolean {
    const form = FORMS.find(({ open }) => text.startsWith(open));
    if (!form) return false;
    this.#form = form;
    this.#held = before + form.open;
    this.#from = this.#held.length;
    this.#state = 'form';
    return true;
  }

  #accept(): void {
    this.#calls.push(...this.#pending.splice(0));
    this.#held = '';
    this.#tail = '';
    this.#state = 'after';
  }

  #release(): string {
    const text = this.#state === 'behind' ? this.#held + this.#tail : this.#held;
    this.#held = '';
    this.#tail = '';
    this.#pending = [];
    const told = this.#tell(text);
    this.#state = this.#code.isLineStart ? 'line' : 'text';
    return told;
  }

  #tell(text: string): string {
    this.#code.note(text);
    return text;
  }
}
