import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  buildSchema,
  type GraphQLArgument,
  type GraphQLInputType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isAbstractType,
  isCompositeType,
  isEnumType,
  isInputObjectType,
  isLeafType,
  isListType,
  isNonNullType,
  isObjectType,
} from 'graphql';
import type { Fuzzer } from './fuzzer.ts';
import { hostileValue, mutate } from './hostile.ts';
import type { Random } from './random.ts';

const SCHEMA = path.resolve(import.meta.dirname, '../../schema.graphql');

/** What would take the fuzzer's own account away. */
const SPARED = /^(deleteAccount|deleteMe|deleteUser|logout|revoke|changePassword|resetPassword)/;
const MAX_LEVELS = 6;

/** Writes one operation on the schema, with hostile values in its arguments. */
class Writer {
  readonly variables: Record<string, unknown> = {};
  readonly #definitions: string[] = [];
  readonly #fragments: string[] = [];
  readonly #schema: GraphQLSchema;
  readonly #random: Random;
  #left = 40;

  constructor(schema: GraphQLSchema, random: Random) {
    this.#schema = schema;
    this.#random = random;
  }

  write(): string {
    const kind = this.#random.chance(0.6) ? 'query' : 'mutation';
    const root = kind === 'query' ? this.#schema.getQueryType()! : this.#schema.getMutationType()!;
    const set = this.#set(root, 0);
    const definitions = this.#definitions.length > 0 ? `(${this.#definitions.join(' ')})` : '';
    return `${kind} ${this.#random.chance(0.3) ? 'Q' : ''}${definitions} ${set} ${this.#fragments.join(' ')}`;
  }

  #set(type: GraphQLOutputType, level: number): string {
    const named = getNamedType(type);
    if (isAbstractType(named)) {
      const member = this.#random.pick(this.#schema.getPossibleTypes(named));
      return `{ __typename ... on ${member.name} ${this.#set(member, level + 1)} }`;
    }
    if (!isObjectType(named)) return '';
    const all = Object.values(named.getFields()).filter(
      ({ name, type: of }) => !SPARED.test(name) && (level < MAX_LEVELS || isLeafType(getNamedType(of))),
    );
    const parts: string[] = [];
    for (let i = 1 + this.#random.int(level === 0 ? 2 : 4); i > 0 && this.#left > 0 && all.length > 0; i--) {
      this.#left--;
      const field = this.#random.pick(all);
      const alias = this.#random.chance(0.15)
        ? `${this.#random.pick([...all.map(({ name }) => name), 'x', '__typename'])}: `
        : '';
      const given = field.args.filter((argument) => isNonNullType(argument.type) || this.#random.chance(0.4));
      const list = given.map((argument) => `${argument.name}: ${this.#argument(argument)}`);
      const directive = this.#random.chance(0.05)
        ? ` @${this.#random.pick(['skip', 'include'])}(if: ${this.#random.pick(['true', 'false', '1'])})`
        : '';
      const inner = isCompositeType(getNamedType(field.type)) ? this.#set(field.type, level + 1) : '';
      parts.push(`${alias}${field.name}${list.length > 0 ? `(${list.join(' ')})` : ''}${directive} ${inner}`);
    }
    if (parts.length === 0) parts.push('__typename');
    if (this.#random.chance(0.1)) return `{ __typename ${this.#deferred()} { ${parts.join(' ')} } }`;
    if (!this.#random.chance(0.1)) return `{ ${parts.join(' ')} }`;
    const name = `F${this.#fragments.length}`;
    this.#fragments.push(`fragment ${name} on ${named.name} { ${parts.join(' ')} }`);
    return this.#random.chance(0.5) ? `{ ...${name} }` : `{ ... { ... on ${named.name} { ...${name} } } }`;
  }

  #deferred(): string {
    const given = this.#random.pick(['', `(label: "d${this.#left}")`, '(if: true)', '(if: false)', '(label: 1)']);
    return `... @defer${given}`;
  }

  #argument({ type }: GraphQLArgument): string {
    const value = this.#value(type, 0);
    if (this.#random.chance(0.5)) return literal(value, type);
    const name = `v${this.#definitions.length}`;
    this.#definitions.push(`$${name}: ${String(type)}`);
    this.variables[name] = value instanceof Bare ? value.name : value;
    return `$${name}`;
  }

  #value(type: GraphQLInputType, level: number): unknown {
    const random = this.#random;
    if (random.chance(0.08)) return hostileValue(random);
    if (isNonNullType(type)) return this.#value(type.ofType, level);
    if (random.chance(0.05)) return null;
    if (isListType(type))
      return Array.from({ length: random.pick([0, 1, 1, 2, 50]) }, () => this.#value(type.ofType, level + 1));
    if (isEnumType(type)) return new Bare(random.pick(type.getValues()).name);
    if (isInputObjectType(type)) {
      const fields = Object.values(type.getFields()).filter(
        (field) => isNonNullType(field.type) || (level < 8 && random.chance(0.4)),
      );
      return Object.fromEntries(fields.map((field) => [field.name, this.#value(field.type, level + 1)]));
    }
    switch (type.name) {
      case 'Int':
      case 'NonNegativeInt':
      case 'PositiveInt':
        return random.pick([0, 1, 2, 50, 100, -1, 2 ** 31 - 1, -(2 ** 31), 1e9]);
      case 'Float':
        return random.pick([0, -0, 0.5, 1e308, -1e-308, 5e-324, 3]);
      case 'Boolean':
        return random.chance(0.5);
      case 'DateTime':
        return random.pick([
          '2026-01-01T00:00:00Z',
          '0000-01-01T00:00:00Z',
          '9999-12-31T23:59:59.999Z',
          '+275760-09-13T00:00:00Z',
          '1677-01-01T00:00:00Z',
        ]);
      case 'Decimal':
        return random.pick(['0', '-1', '0.000001', '9'.repeat(40), `${'9'.repeat(40)}.${'9'.repeat(40)}`]);
      case 'JSON':
      case 'JSONObject':
        return hostileValue(random);
      default:
        return random.pick(TEXTS);
    }
  }
}

const TEXTS = [
  ...['', ' ', 'a', '\0', 'a\0b', '\ud800', 'x\udc00y', '\u202e', '%', '_', '\\', "'", '"', '{}', '[]', '-1', '0'],
  ...[
    '00000000-0000-0000-0000-000000000000',
    '019b76da-a800-7000-8000-000000000000',
    'not-a-uuid',
    '../../x',
    'x'.repeat(300),
  ],
  ...[
    'x'.repeat(20_000),
    'ada@example.org',
    'a star above the horizon',
    'http://127.0.0.1:1/',
    'data:text/html,x',
    '\u{1f600}'.repeat(100),
  ],
];

/** A name of an enum, which is not a text in a literal. */
class Bare {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
  toJSON(): string {
    return this.name;
  }
}

function literal(value: unknown, type: GraphQLInputType): string {
  if (value instanceof Bare) return value.name;
  if (Array.isArray(value)) return `[${value.map((one) => literal(one, type)).join(' ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value)
      .filter(([name]) => /^[A-Za-z_]\w*$/.test(name))
      .map(([name, one]) => `${name}: ${literal(one, type)}`)
      .join(' ')}}`;
  }
  return JSON.stringify(value) ?? 'null';
}

const schema = buildSchema(readFileSync(SCHEMA, 'utf8'), { assumeValid: true, assumeValidSDL: true });
/** The default of the setting. */
const MAX_BODY_BYTES = 524_288;
const PATIENCE_MS = 40_000;

const ACCEPTS = [
  ...['application/json', 'application/json', 'application/graphql-response+json', 'text/event-stream'],
  ...['multipart/mixed;deferSpec=20220824', 'multipart/mixed;incrementalSpec=v0.2, application/json'],
];

function requestOf(random: Random): object {
  const writer = new Writer(schema, random);
  const text = writer.write();
  const query = random.chance(0.1) ? mutate(random, Buffer.from(text)).toString() : text;
  return { query, variables: writer.variables };
}

/** Operations of the schema, right and wrong, alone and in batches, of a user signed in and of strangers. */
export const operations: Fuzzer = {
  parallel: 4,
  async run({ url, user }, random, judge) {
    const body = JSON.stringify(
      random.chance(0.1) ? Array.from({ length: 1 + random.int(5) }, () => requestOf(random)) : requestOf(random),
    );
    // The server closes the connection while a larger body is still on its way.
    if (Buffer.byteLength(body) > MAX_BODY_BYTES) return;
    judge.sending(body);
    const headers: Record<string, string> = { 'content-type': 'application/json', accept: random.pick(ACCEPTS) };
    if (random.chance(0.8)) headers['authorization'] = `Bearer ${user.accessToken}`;
    try {
      const answer = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers,
        body,
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      judge.answer(answer.status, await answer.text(), body);
    } catch (error) {
      judge.fault(`no answer: ${String(error)}`, body);
    }
  },
};
