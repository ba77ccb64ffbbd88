import type { JsonObject } from '#platform/base/json/json.ts';
import type { ToolDefinition } from '../messages.ts';
import { CodeFences } from './code-fences.ts';
import { withoutEnds } from './turn-ends.ts';
import { anyOf, overlap } from './words-in-pieces.ts';

/** A call that a model has written into its text. */
export interface WrittenCall {
  readonly name: string;
  readonly arguments: string;
}

/** What opens calls in a text, and what closes them; without that they go on to the end of the reply. */
const FORMS: readonly (readonly [open: string, close?: string])[] = [
  // Hermes and Qwen, each with an inside of its own.
  ['<tool_call>', '</tool_call>'],
  ['<|tool_calls_section_begin|>', '<|tool_calls_section_end|>'],
  ['[TOOL_CALLS]'],
  ['<|python_tag|>'],
];
const OPENING = new RegExp(anyOf(FORMS.map(([open]) => open)), 'g');
/** An object that is the whole reply (Llama), or its beginning. */
const BARE =
  /^\s*\{\s*(?:"(?:n|na|nam|t|ty|typ|f|fu|fun|func|funct|functi|functio)?)?$|^\s*\{\s*"(?:name|type|function)(?:"|$)/;
/** What is longer is a text, in characters. */
const MAX_LENGTH = 1_000_000;

/**
 * A filter that finds the calls of offered tools in a text, piece by piece: a server that has no parser for the way in
 * which its model calls tools, or whose parser gave up, hands them on as text. What does not turn out to be a call of
 * an offered tool stays text, and so does what stands in a fence of code.
 */
export class WrittenCalls {
  readonly #tools: ReadonlyMap<string, ToolDefinition>;
  readonly #calls: WrittenCall[] = [];
  readonly #fences = new CodeFences();
  #held = '';
  /** The form that is open; `bare` for an object. */
  #form: (typeof FORMS)[number] | 'bare' | undefined;
  #isBeginning = true;

  /** @param tools that are offered. */
  constructor(tools: readonly ToolDefinition[]) {
    this.#tools = new Map(tools.map((tool) => [tool.function.name, tool]));
  }

  /** Returns the calls that have come whole since it was asked last. */
  takeCalls(): readonly WrittenCall[] {
    return this.#calls.splice(0);
  }

  take(piece: string): string {
    this.#held += piece;
    let text = '';
    for (;;) {
      if (this.#form === undefined) text += this.#open();
      if (this.#form === undefined) return text;
      const body = this.#body(false);
      if (body) text += this.#close(body);
      else if (this.#held.length <= MAX_LENGTH) return text;
      else text += this.#release();
    }
  }

  /** What is left at the end. */
  end(): string {
    return (this.#form === undefined ? '' : this.#close(this.#body(true)!)) + this.#release();
  }

  /** Opens a form where one begins. @returns the text before it. */
  #open(): string {
    if (this.#isBeginning) {
      if (this.#held.trim() === '') return '';
      if (BARE.test(this.#held)) {
        this.#form = 'bare';
        return '';
      }
      this.#isBeginning = false;
    }
    for (const { 0: word, index } of this.#held.matchAll(OPENING)) {
      if (this.#fences.openAfter(this.#held.slice(0, index))) continue;
      this.#form = FORMS.find(([open]) => open === word);
      return this.#cut(index);
    }
    return this.#cut(this.#held.length - Math.max(...FORMS.map(([open]) => overlap(this.#held, open))));
  }

  /** Returns the inside of the form that is open; undefined while it is not whole. */
  #body(isOver: boolean): { readonly inside: string; readonly length: number } | undefined {
    if (this.#form === 'bare') {
      if (!BARE.test(this.#held)) return { inside: '', length: 0 };
      return isOver ? { inside: this.#held, length: this.#held.length } : undefined;
    }
    const [open, close] = this.#form!;
    const end = close === undefined ? -1 : this.#held.indexOf(close, open.length);
    if (end >= 0) return { inside: this.#held.slice(open.length, end), length: end + close!.length };
    return isOver ? { inside: this.#held.slice(open.length), length: this.#held.length } : undefined;
  }

  /** Ends the form that is open. @returns what of it is text. */
  #close({ inside, length }: { readonly inside: string; readonly length: number }): string {
    const calls = this.#read(inside);
    this.#form = undefined;
    this.#isBeginning = false;
    if (calls.length === 0) return this.#cut(length);
    this.#calls.push(...calls);
    this.#held = this.#held.slice(length).trimStart();
    return '';
  }

  #read(inside: string): WrittenCall[] {
    const told = withoutEnds(inside).trim();
    const read = inXml(told) ?? inSections(told) ?? inJson(told) ?? [];
    const calls = read.map(({ name, args }) => {
      const plain = name.replace(/^functions?[.:/]/, '').replace(/:\d{1,4}$/, '');
      const tool = this.#tools.get(name) ?? this.#tools.get(plain);
      return tool && { name: tool.function.name, arguments: asText(args, tool) };
    });
    return calls.every((call) => call !== undefined) ? calls : [];
  }

  #cut(at: number): string {
    const text = this.#held.slice(0, at);
    this.#held = this.#held.slice(at);
    this.#fences.note(text);
    return text;
  }

  #release(): string {
    this.#form = undefined;
    this.#isBeginning = false;
    return this.#cut(this.#held.length);
  }
}

interface Read {
  readonly name: string;
  /** An object, or texts by the name of a parameter whose type is the tool's to know. */
  readonly args: JsonObject | ReadonlyMap<string, string>;
}

/** Reads `{"name": …, "arguments": {…}}`, one or a list, and Mistral's `name[ARGS]{…}`. */
function inJson(text: string): Read[] | undefined {
  const named = /^([\w.:-]{1,64})(?:\[ARGS\])?\s*(\{[\s\S]*\})$/.exec(text);
  if (named) {
    const args = parsed(named[2]!);
    return isObject(args) ? [{ name: named[1]!, args }] : undefined;
  }
  // Qwen and Llama write several one after another.
  const value = parsed(text) ?? parsed(`[${text.replace(/\}\s*[;\n]\s*\{/g, '},{')}]`);
  if (value === undefined) return undefined;
  const list: unknown[] = [value].flat();
  const read = list.map((one): Read | undefined => {
    if (!isObject(one)) return undefined;
    const { name, arguments: args, parameters, function: called, type: _type, id: _id, ...rest } = one;
    if (isObject(called)) return inJson(JSON.stringify(called))?.[0];
    const given = args ?? parameters ?? {};
    const object = typeof given === 'string' ? parsed(given) : given;
    return typeof name === 'string' && isObject(object) && Object.keys(rest).length === 0
      ? { name, args: object }
      : undefined;
  });
  return list.length > 0 && read.every((one) => one !== undefined) ? read : undefined;
}

/** Reads `<function=name><parameter=city>Oslo</parameter></function>` (Qwen's coders). */
function inXml(text: string): Read[] | undefined {
  const calls = [...text.matchAll(/<function=([^>\n]+)>([\s\S]*?)(?:<\/function>|$)/g)];
  if (calls.length === 0 || !text.startsWith('<function=')) return undefined;
  return calls.map(([, name, inside]) => ({
    name: name!.trim(),
    args: new Map(
      [...inside!.matchAll(/<parameter=([^>\n]+)>\n?([\s\S]*?)\n?(?:<\/parameter>|(?=<parameter=)|$)/g)].map(
        ([, key, value]) => [key!.trim(), value!] as const,
      ),
    ),
  }));
}

/** Reads the sections of Kimi. */
function inSections(text: string): Read[] | undefined {
  if (!text.startsWith('<|tool_call_begin|>')) return undefined;
  const calls = [
    ...text.matchAll(/<\|tool_call_begin\|>([\s\S]*?)<\|tool_call_argument_begin\|>([\s\S]*?)<\|tool_call_end\|>/g),
  ];
  const read = calls.map(([, name, inside]): Read | undefined => {
    const args = parsed(inside!.trim() || '{}');
    return isObject(args) ? { name: name!.trim(), args } : undefined;
  });
  return read.every((one) => one !== undefined) ? read : undefined;
}

/** Returns arguments as JSON; a text is what its parameter says that it is. */
function asText(args: Read['args'], tool: ToolDefinition): string {
  if (!(args instanceof Map)) return JSON.stringify(args);
  const { properties } = (tool.function.parameters ?? {}) as { properties?: Record<string, { type?: unknown }> };
  const typed = [...(args as ReadonlyMap<string, string>)].map(([key, value]) => {
    if (properties?.[key]?.type === 'string') return [key, value] as const;
    return [key, parsed(value) ?? value] as const;
  });
  return JSON.stringify(Object.fromEntries(typed));
}

const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Returns the value of a text that is JSON; else undefined. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
