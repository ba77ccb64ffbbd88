import { isDeepStrictEqual } from 'node:util';
import type { JsonObject } from '#platform/base/json/json.ts';
import { parseValue } from '#platform/base/json/objects.ts';
import { argumentsOf } from './call-arguments.ts';
import type { ToolCallDelta } from './deltas.ts';

/** A tool call in a chunk, as servers really send it: any member may be missing, repeated, null or of another type. */
interface RawCall {
  readonly index?: unknown;
  readonly id?: unknown;
  readonly function?: { readonly name?: unknown; readonly arguments?: unknown } | null;
  /** Where there is no `function`. */
  readonly name?: unknown;
  readonly arguments?: unknown;
  readonly extra_content?: unknown;
}

interface OpenCall {
  readonly given: number | undefined;
  readonly id: string | undefined;
  name: string;
  arguments: string;
  /** An empty object has come, and is not told yet: servers send one that stands for arguments to come (LiteLLM). */
  placeholder: boolean;
}

/** What a piece says of the call that it belongs to, and of its arguments. */
interface Piece {
  readonly given: number | undefined;
  readonly id: string | undefined;
  readonly name: string;
  readonly piece: string;
}

/** More calls than a reply makes. */
const MAX_CALLS = 256;

/**
 * The calls of a reply, told apart piece by piece. The protocol numbers them by `index`; servers leave it out, or send
 * 0 for all of them, or repeat ids and names with every piece.
 */
export class ToolCallPieces {
  readonly #calls: OpenCall[] = [];
  readonly #offered: ReadonlySet<string>;

  /** @param offered names of the tools that the model may call. */
  constructor(offered: Iterable<string> = []) {
    this.#offered = new Set(offered);
  }

  /** Whether a call has come. */
  get any(): boolean {
    return this.#calls.length > 0;
  }

  /** Whether a call of these arguments has come already. */
  has(name: string, args: string): boolean {
    const named = this.#nameOf(name);
    const value = parseValue(args);
    return this.#calls.some(
      (call) => call.name === named && isDeepStrictEqual(parseValue(call.arguments || '{}') ?? call.arguments, value),
    );
  }

  /** Returns the pieces of a chunk's `tool_calls`, each with the position of its call. */
  take(raw: unknown): ToolCallDelta[] {
    const list = Array.isArray(raw) ? raw : raw ? [raw] : [];
    return list.flatMap((one: unknown) => (typeof one === 'object' && one !== null ? this.#piece(one as RawCall) : []));
  }

  /** Returns what was not told yet, once the reply is whole. */
  end(): ToolCallDelta[] {
    return this.#calls.flatMap((call, index) => {
      if (!call.placeholder) return [];
      call.placeholder = false;
      call.arguments = '{}';
      return [{ type: 'tool-call', index, id: undefined, name: undefined, arguments: '{}' }];
    });
  }

  #piece(raw: RawCall): ToolCallDelta[] {
    const given = indexOf(raw.index);
    const id = idOf(raw.id);
    const { name: named, arguments: args } = raw.function ?? raw;
    const name = typeof named === 'string' ? this.#nameOf(named) : '';
    const piece = argumentsOf(args);
    let index = this.#indexOf({ given, id, name, piece });
    // Where the arguments of one call are whole, others are of another one, of the same tool: Gemini behind proxies.
    const before = id === undefined && name === '' ? this.#calls[index] : undefined;
    const isAnother = before !== undefined && isWhole(before, piece);
    const isNew = index < 0 || isAnother;
    if (isNew) {
      if (this.#calls.length >= MAX_CALLS) return [];
      index = this.#calls.push({ given, id, name: '', arguments: '', placeholder: false }) - 1;
    }
    const call = this.#calls[index]!;
    const said = isAnother ? before.name : name;
    const isNamed = call.name === '' && said !== '';
    if (isNamed) call.name = said;
    const told = added(call, piece);
    const extra = raw.extra_content;
    return [
      {
        type: 'tool-call',
        index,
        id: isNew ? id : undefined,
        name: isNamed ? said : undefined,
        arguments: told,
        ...(typeof extra === 'object' && extra !== null && { extra: extra as JsonObject }),
      },
    ];
  }

  /** Returns the position of the call that a piece goes on, or -1 when the piece begins another one. */
  #indexOf({ given, id, name, piece }: Piece): number {
    if (id !== undefined) {
      // Servers that number calls by `index` give all of them one id.
      const known = this.#calls.findIndex(
        (call) => call.id === id && (given === undefined || call.given === undefined || call.given === given),
      );
      if (known >= 0) return known;
      if (given === undefined) return -1;
      const last = this.#calls.findLastIndex((call) => call.given === given);
      if (last < 0) return -1;
      // The id may follow the first piece.
      if (this.#calls[last]!.id === undefined) return this.#begins(last, name, piece) ? -1 : last;
      // Another id at the same index is another call, unless the arguments go on: vLLM made one for each piece.
      return this.#goesOn(this.#calls[last]!, name, piece) ? last : -1;
    }
    const last =
      given === undefined ? this.#calls.length - 1 : this.#calls.findLastIndex((call) => call.given === given);
    return last >= 0 && this.#begins(last, name, piece) ? -1 : last;
  }

  /** Whether a piece with another id goes on with the arguments of a call, which are not whole. */
  #goesOn(call: OpenCall, name: string, piece: string): boolean {
    // The last piece of vLLM has an id, too, and says nothing.
    if (name === '' && piece.trim() === '') return true;
    if (name !== '' && name !== call.name) return false;
    if (parseValue(call.arguments) !== undefined) return false;
    if (name === '') return true;
    // An object after a colon is a value of these arguments.
    if (/[:[,]\s*$/.test(call.arguments)) return true;
    return call.arguments !== '' && (!/^\s*\{/.test(piece) || parseValue(piece) === undefined);
  }

  /**
   * Returns the tool that a model means: gpt-oss writes its channel behind the name, Kimi `functions.weather:0`, Gemini
   * `default_api.weather`. A name that none of the offered ones is in stays as it is.
   */
  #nameOf(name: string): string {
    if (this.#offered.has(name)) return name;
    const plain = name
      .replace(/<\|.*$/s, '')
      .replace(/^\s*(functions?|default_api|tools?)[.:/]/i, '')
      .replace(/:\d{1,4}\s*$/, '')
      .trim();
    return this.#offered.has(plain) ? plain : name;
  }

  /** Whether a piece with this name begins a call after the one at `index`: that one is whole, or has another name. */
  #begins(index: number, name: string, piece: string): boolean {
    if (name === '') return false;
    const call = this.#calls[index]!;
    if (call.name === '') return false;
    if (call.name !== name) return true;
    // The name once more, and no arguments, ends a call whose arguments are whole.
    return call.placeholder || (piece.trim() !== '' && parseValue(call.arguments) !== undefined);
  }
}

/** Whether the arguments of a call are an object that is whole, and a piece begins another one. */
function isWhole(call: OpenCall, piece: string): boolean {
  if (!/^\s*\{/.test(piece) || !/^\s*\{/.test(call.arguments) || parseValue(call.arguments) === undefined) return false;
  return !isRepeated(call.arguments, piece);
}

/** Some servers number their calls. */
function idOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' && value !== 'null' ? value : undefined;
}

/** Some servers number in text. */
function indexOf(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,4}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 0 ? number : undefined;
}

/** Adds a piece to the arguments of a call. @returns what of it is to be told. */
function added(call: OpenCall, raw: string): string {
  const piece = call.arguments === '' ? unquoted(raw) : raw;
  if (call.arguments === '') {
    if (/^\s*\{\s*\}\s*$/.test(piece)) {
      call.placeholder = true;
      return '';
    }
    if (call.placeholder && piece.trim() === '') return '';
    call.placeholder = false;
  } else if (isRepeated(call.arguments, piece)) return '';
  call.arguments += piece;
  return piece;
}

/** Returns the object of arguments that were written twice as JSON; any other text as it is. */
function unquoted(piece: string): string {
  const inside = /^\s*"/.test(piece) ? parseValue(piece) : undefined;
  return typeof inside === 'string' && /^\s*\{/.test(inside) && parseValue(inside) !== undefined ? inside : piece;
}

/** Whether a piece says all of the arguments once more, as some servers do at the end. */
function isRepeated(all: string, piece: string): boolean {
  if (!/^\s*\{/.test(piece) || !/\}\s*$/.test(piece)) return false;
  const value = parseValue(all);
  return value !== undefined && isDeepStrictEqual(value, parseValue(piece));
}
