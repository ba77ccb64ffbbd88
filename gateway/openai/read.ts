import { badInput } from '#platform/base/errors/errors.ts';
import { isObject } from '#platform/base/json/objects.ts';

/** A JSON object of a request. */
export type Body = Readonly<Record<string, unknown>>;

/** What clients may say and what asks for nothing, since it is so anyway: each value as JSON. */
const ASKS_FOR_NOTHING: Readonly<Record<string, string>> = {
  background: 'false',
  logit_bias: '{}',
  logprobs: 'false',
  modalities: '["text"]',
  top_logprobs: '0',
  truncation: '"disabled"',
  verbosity: '"medium"',
};

/**
 * Refuses what a request has and this server does not do: a value that is left aside in silence would be a promise.
 *
 * @param ignored values that change nothing of the answer.
 * @param path of the object, where it is not the request itself.
 */
export function checkNames(body: Body, known: readonly string[], ignored: readonly string[] = [], path = ''): void {
  for (const [name, value] of Object.entries(body)) {
    if (value == null || known.includes(name) || ignored.includes(name)) continue;
    if (JSON.stringify(value) === ASKS_FOR_NOTHING[name]) continue;
    throw badInput(path + name, 'is not supported here; leave it out.');
  }
}

/** Returns a value that is a text, where there is one. */
export function textOf(body: Body, name: string, path = name): string | undefined {
  const value = body[name];
  if (value == null) return undefined;
  if (typeof value !== 'string') throw badInput(path, 'must be a string.');
  return value;
}

/** Returns a value that has to be a text. */
export function needText(body: Body, name: string, path = name): string {
  const value = textOf(body, name, path);
  if (value === undefined) throw badInput(path, 'is missing; it is a string.');
  return value;
}

/** Returns a value that is a number, where there is one. */
export function numberOf(body: Body, name: string): number | undefined {
  const value = body[name];
  if (value == null) return undefined;
  if (typeof value !== 'number') throw badInput(name, 'must be a number.');
  return value;
}

/** Returns a value that is true or false, where there is one. */
export function flagOf(body: Body, name: string, path = name): boolean | undefined {
  const value = body[name];
  if (value == null) return undefined;
  if (typeof value !== 'boolean') throw badInput(path, 'must be true or false.');
  return value;
}

/** Returns a value that is an object, where there is one. */
export function objectOf(body: Body, name: string, path = name): Body | undefined {
  const value = body[name];
  if (value == null) return undefined;
  if (!isObject(value)) throw badInput(path, 'must be an object.');
  return value;
}

/** Returns a value that is a list of objects, where there is one. */
export function objectsOf(body: Body, name: string, path = name): readonly Body[] | undefined {
  const value = body[name];
  if (value == null) return undefined;
  if (!Array.isArray(value) || !value.every(isObject)) throw badInput(path, 'must be a list of objects.');
  return value;
}

/** Returns what `metadata` asks of this server: texts, as OpenAI has them. */
export function wishesOf(body: Body): { conversationId: string | undefined; useMemory: boolean | undefined } {
  const metadata = objectOf(body, 'metadata') ?? {};
  const memory = metadata['use_memory'];
  if (memory !== undefined && !['true', 'false', true, false].includes(memory as string)) {
    throw badInput('metadata.use_memory', 'must be true or false.');
  }
  return {
    conversationId: textOf(metadata, 'conversation_id', 'metadata.conversation_id'),
    useMemory: memory === undefined ? undefined : String(memory) === 'true',
  };
}
