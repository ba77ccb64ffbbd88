import { isObject, parseValue } from '#platform/base/json/objects.ts';
import type { ToolDefinition } from '../messages.ts';
import { offeredTool } from './offered-tool.ts';

/** A call that a model has written into its text. */
export interface WrittenCall {
  readonly name: string;
  readonly arguments: string;
}

/**
 * Returns the calls of a text that is nothing else, in any of the forms in which open models write them; none where one
 * is not of an offered tool.
 *
 * @param asksArguments whether an object without arguments is not a call.
 */
export function callsIn(text: string, tools: readonly ToolDefinition[], asksArguments = false): WrittenCall[] {
  const inside = text.trim();
  const read = inXml(inside) ?? inSections(inside) ?? inJson(inside, asksArguments) ?? [];
  const calls = read.map(({ name, args }) => {
    const tool = offeredTool(tools, name);
    return tool && { name: tool.function.name, arguments: asText(args, tool) };
  });
  return calls.every((call) => call !== undefined) ? calls : [];
}

interface Read {
  readonly name: string;
  /** An object, or texts by the name of a parameter whose type is the tool's to know. */
  readonly args: Record<string, unknown> | ReadonlyMap<string, string>;
}

/** Reads `{"name": …, "arguments": {…}}`, one or a list, and Mistral's `name[ARGS]{…}`. */
function inJson(text: string, asksArguments: boolean): Read[] | undefined {
  const named = /^([\w.:-]{1,64})(?:\[ARGS\])?\s*(?=\{)/.exec(text);
  if (named) {
    const args = parseValue(text.slice(named[0].length));
    return isObject(args) ? [{ name: named[1]!, args }] : undefined;
  }
  // Qwen and Llama write several one after another.
  const list: unknown[] = [parseValue(text) ?? objectsIn(text).map(parseValue)].flat();
  const read = list.map((one): Read | undefined => {
    if (!isObject(one)) return undefined;
    const { name, arguments: args, parameters, function: called, type: _type, id: _id, ...rest } = one;
    if (isObject(called)) return inJson(JSON.stringify(called), asksArguments)?.[0];
    const given = args ?? parameters ?? (asksArguments ? undefined : {});
    const object = typeof given === 'string' ? parseValue(given) : given;
    return typeof name === 'string' && isObject(object) && Object.keys(rest).length === 0
      ? { name, args: object }
      : undefined;
  });
  return list.length > 0 && read.every((one) => one !== undefined) ? read : undefined;
}

/** Returns the texts of objects that follow one another, apart by blanks or a semicolon, and what is left behind. */
function objectsIn(text: string): string[] {
  const all: string[] = [];
  let from = 0;
  let depth = 0;
  let isString = false;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (isString && character === '\\') at++;
    else if (character === '"') isString = !isString;
    else if (isString) continue;
    else if (character === '{') depth++;
    else if (character === '}' && --depth === 0) {
      all.push(text.slice(from, at + 1).replace(/^\s*;/, ''));
      from = at + 1;
    }
  }
  return from < text.length ? [...all, text.slice(from)] : all;
}

/** Reads `<function=name><parameter=city>Oslo</parameter></function>` (Qwen's coders). */
function inXml(text: string): Read[] | undefined {
  return listed(text, '<function=', '</function>', (call): Read | undefined => {
    const named = namedIn(call);
    if (!named) return undefined;
    const inside = named[1].trim();
    const parameters = inside === '' ? [] : listed(inside, '<parameter=', '</parameter>', namedIn);
    const values = parameters?.map(([key, value]) => [key, value.replace(/^\n|\n$/g, '')] as const);
    return values && { name: named[0], args: new Map(values) };
  });
}

/** Reads the sections of Kimi. */
function inSections(text: string): Read[] | undefined {
  return listed(text, '<|tool_call_begin|>', '<|tool_call_end|>', (call): Read | undefined => {
    const [name, inside, ...more] = call.split('<|tool_call_argument_begin|>');
    const args = parseValue(inside?.trim() || '{}');
    return more.length === 0 && isObject(args) ? { name: name!.trim(), args } : undefined;
  });
}

/** Reads a text that is one thing after another, each between two words; undefined of any other. */
function listed<One>(
  text: string,
  open: string,
  close: string,
  read: (inside: string) => One | undefined,
): One[] | undefined {
  const all: One[] = [];
  for (let rest = text; rest !== '' || all.length === 0; ) {
    const end = rest.startsWith(open) ? rest.indexOf(close) : -1;
    const one = end < 0 ? undefined : read(rest.slice(open.length, end));
    if (one === undefined) return undefined;
    all.push(one);
    rest = rest.slice(end + close.length).trimStart();
  }
  return all;
}

/** Returns the name of `name>value`, and its value. */
function namedIn(text: string): [name: string, value: string] | undefined {
  const end = text.indexOf('>');
  return end < 0 ? undefined : [text.slice(0, end).trim(), text.slice(end + 1)];
}

/** Returns arguments as JSON; a text is what its parameter says that it is. */
function asText(args: Read['args'], tool: ToolDefinition): string {
  if (!(args instanceof Map)) return JSON.stringify(args);
  const { properties } = (tool.function.parameters ?? {}) as { properties?: Record<string, { type?: unknown }> };
  const typed = [...(args as ReadonlyMap<string, string>)].map(([key, value]) => {
    if (properties?.[key]?.type === 'string') return [key, value] as const;
    return [key, parseValue(value) ?? value] as const;
  });
  return JSON.stringify(Object.fromEntries(typed));
}
