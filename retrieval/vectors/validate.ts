import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { checkFilter, wrongProperty } from './filter.ts';
import {
  NAME,
  type PageRequest,
  type Place,
  type SearchQuery,
  type Space,
  type SpaceDefinition,
  type VectorDefinition,
  type VectorObject,
} from './vector-store.ts';

/** Limits that both stores keep, so that what one accepts the other does too. */
export const LIMITS = {
  dimensions: 4096,
  vectors: 16,
  fields: 64,
  idCharacters: 200,
  tenantCharacters: 64,
  textCharacters: 1_000_000,
  propertyBytes: 262_144,
  limit: 1000,
  window: 10_000,
  queryCharacters: 32_768,
} as const;

const TENANT = /^[A-Za-z0-9_-]{1,64}$/;
const FIELD_TYPES = ['text', 'number', 'boolean', 'date', 'text[]', 'number[]'];

/** Returns what Weaviate accepts. @throws {CodedError} BAD_USER_INPUT. */
export function checkBackupId(id: string): void {
  if (!/^[a-z0-9_-]{1,64}$/.test(id)) {
    throw badInput('id', 'must have 1 to 64 lower-case letters, digits, hyphens and underscores.');
  }
}

/**
 * Checks the definition of a space.
 *
 * @throws {CodedError} BAD_USER_INPUT.
 */
export function checkDefinition(definition: SpaceDefinition): void {
  checkName('name', definition.name);
  const vectors = Object.entries(definition.vectors);
  if (vectors.length === 0 || vectors.length > LIMITS.vectors) {
    throw badInput('vectors', `has ${vectors.length} entries; 1 to ${LIMITS.vectors} are accepted.`);
  }
  for (const [name, vector] of vectors) {
    checkName(`vectors.${name}`, name);
    const { dimensions, model } = vector;
    if (!Number.isInteger(dimensions) || dimensions < 1 || dimensions > LIMITS.dimensions) {
      throw badInput(
        `vectors.${name}.dimensions`,
        `is ${dimensions}; a whole number from 1 to ${LIMITS.dimensions} is needed.`,
      );
    }
    if (model.length === 0 || model.length > 200)
      throw badInput(`vectors.${name}.model`, 'must have 1 to 200 characters.');
  }
  if (!Object.hasOwn(definition.vectors, definition.active)) throw badInput('active', 'names none of the vectors.');
  const fields = Object.entries(definition.fields);
  if (fields.length > LIMITS.fields)
    throw badInput('fields', `has ${fields.length} entries; at most ${LIMITS.fields} are accepted.`);
  checkCase('fields', Object.keys(definition.fields));
  for (const [name, type] of fields) {
    checkName(`fields.${name}`, name);
    if (!FIELD_TYPES.includes(type))
      throw badInput(`fields.${name}`, `is ${type}; the types are ${FIELD_TYPES.join(', ')}.`);
  }
}

/** Names that differ in nothing but case are one to Weaviate. */
function checkCase(argument: string, names: readonly string[]): void {
  const seen = new Map<string, string>();
  for (const name of names) {
    const other = seen.get(name.toLowerCase());
    if (other !== undefined)
      throw badInput(
        `${argument}.${name}`,
        `differs from ${other} in upper and lower case alone; choose another name.`,
      );
    seen.set(name.toLowerCase(), name);
  }
}

function checkName(argument: string, name: string): void {
  if (!NAME.test(name)) {
    throw badInput(
      argument,
      `is ${JSON.stringify(name.slice(0, 80))}; 1 to 64 letters, digits and underscores, beginning with a letter, are needed.`,
    );
  }
}

/**
 * Returns a definition joined with that of the space that exists: new vectors and fields are added, nothing is taken
 * away.
 *
 * @throws {CodedError} CONFLICT where the two contradict one another.
 */
export function mergeDefinitions(existing: SpaceDefinition, wanted: SpaceDefinition): SpaceDefinition {
  const conflict = (what: string) =>
    new CodedError('CONFLICT', `The space ${existing.name} exists with another definition: ${what}.`);
  if (existing.multiTenant !== wanted.multiTenant) throw conflict('multiTenant differs');
  for (const [name, vector] of Object.entries(wanted.vectors)) {
    const other = existing.vectors[name];
    if (other !== undefined && !sameVector(other, vector))
      throw conflict(`vector ${name} has another model, dimensions or metric`);
  }
  for (const [name, type] of Object.entries(wanted.fields)) {
    const other = existing.fields[name];
    if (other !== undefined && other !== type) throw conflict(`field ${name} is ${other}`);
  }
  const vectors = { ...existing.vectors, ...wanted.vectors };
  checkCase('fields', Object.keys({ ...existing.fields, ...wanted.fields }));
  return { ...existing, vectors, fields: { ...existing.fields, ...wanted.fields } };
}

const sameVector = (a: VectorDefinition, b: VectorDefinition): boolean =>
  a.model === b.model && a.dimensions === b.dimensions && a.metric === b.metric;

/**
 * Checks that a call names a tenant where the space has tenants, and only there.
 *
 * @throws {CodedError} BAD_USER_INPUT if a tenant is missing, needless or malformed.
 */
export function checkPlace(space: Space, at: Place): void {
  if (space.multiTenant && at.tenant === undefined)
    throw badInput('tenant', `is needed: the space ${space.name} is multi-tenant.`);
  if (!space.multiTenant && at.tenant !== undefined)
    throw badInput('tenant', `is not accepted: the space ${space.name} has no tenants.`);
  if (at.tenant !== undefined && !TENANT.test(at.tenant)) {
    throw badInput('tenant', `must have 1 to ${LIMITS.tenantCharacters} letters, digits, hyphens and underscores.`);
  }
}

/** Returns what is wrong with an object, if anything: the text of its result. */
export function wrongObject(space: Space, object: VectorObject): string | undefined {
  if (
    typeof object.id !== 'string' ||
    object.id.length === 0 ||
    object.id.length > LIMITS.idCharacters ||
    object.id.includes('\0')
  ) {
    return `id must have 1 to ${LIMITS.idCharacters} characters`;
  }
  if (object.text.length > LIMITS.textCharacters) {
    return `text has ${object.text.length} characters; at most ${LIMITS.textCharacters} are accepted`;
  }
  const properties = object.properties ?? {};
  const bytes = Buffer.byteLength(JSON.stringify(properties));
  if (bytes > LIMITS.propertyBytes)
    return `properties take ${bytes} bytes; at most ${LIMITS.propertyBytes} are accepted`;
  return wrongProperty(properties, space.fields) ?? wrongVectors(space, object.vectors);
}

/** Returns what is wrong with the vectors of an object of the space; undefined when they are right. */
export function wrongVectors(space: Space, vectors: Readonly<Record<string, Float32Array>>): string | undefined {
  for (const [name, values] of Object.entries(vectors)) {
    const definition = Object.hasOwn(space.vectors, name) ? space.vectors[name] : undefined;
    if (definition === undefined)
      return `vectors.${name} is not one of the space’s vectors (${Object.keys(space.vectors).join(', ')})`;
    const wrong = wrongValues(values, definition);
    if (wrong !== undefined) return `vectors.${name} ${wrong}`;
  }
  return undefined;
}

function wrongValues(values: Float32Array, { dimensions, metric, model }: VectorDefinition): string | undefined {
  if (values.length !== dimensions) return `has ${values.length} dimensions; ${model} has ${dimensions}`;
  let square = 0;
  for (let i = 0; i < values.length; i++) square += values[i]! * values[i]!;
  if (!Number.isFinite(square)) return 'holds a number that is not finite';
  if (metric === 'cosine' && square === 0) return 'is all zeros, which has no direction to compare';
  return undefined;
}

/**
 * Checks a search and says which vector it uses.
 *
 * @throws {CodedError} BAD_USER_INPUT.
 */
export function checkSearch(space: Space, query: SearchQuery): string {
  checkLimit(query.limit);
  const { offset = 0 } = query;
  if (!Number.isInteger(offset) || offset < 0 || offset + query.limit > LIMITS.window) {
    throw badInput(
      'offset',
      `is ${offset}; a whole number of 0 or more is needed, and offset + limit at most ${LIMITS.window}.`,
    );
  }
  if (query.filter !== undefined) checkFilter(query.filter, space.fields);
  if (query.mode !== 'vector' && query.text.length > LIMITS.queryCharacters) {
    throw badInput('text', `has ${query.text.length} characters; at most ${LIMITS.queryCharacters} are accepted.`);
  }
  if (query.mode === 'text') return space.active;
  if (query.mode === 'hybrid' && query.alpha !== undefined && !(query.alpha >= 0 && query.alpha <= 1)) {
    throw badInput('alpha', `is ${query.alpha}; a number from 0 to 1 is needed.`);
  }
  const name = query.vector.name ?? space.active;
  const definition = Object.hasOwn(space.vectors, name) ? space.vectors[name] : undefined;
  if (definition === undefined) {
    throw badInput(
      'vector.name',
      `is ${JSON.stringify(name)}; the vectors are ${Object.keys(space.vectors).join(', ')}.`,
    );
  }
  if (definition.model !== query.vector.model) {
    throw badInput(
      'vector.model',
      `is ${query.vector.model}, but this vector of the space was made by ${definition.model}: spaces never mix.`,
    );
  }
  const wrong = wrongValues(query.vector.values, definition);
  if (wrong !== undefined) throw badInput('vector', `${wrong}.`);
  return name;
}

/**
 * Checks the size and the filter of a page.
 *
 * @throws {CodedError} BAD_USER_INPUT.
 */
export function checkPage(space: Space, page: PageRequest): void {
  checkLimit(page.limit);
  if (page.filter !== undefined) checkFilter(page.filter, space.fields);
  if (page.lackingVector !== undefined && !Object.hasOwn(space.vectors, page.lackingVector)) {
    throw badInput(
      'lackingVector',
      `is ${page.lackingVector}; the vectors are ${Object.keys(space.vectors).join(', ')}.`,
    );
  }
}

function checkLimit(limit: number): void {
  if (!Number.isInteger(limit) || limit < 1 || limit > LIMITS.limit) {
    throw badInput('limit', `is ${limit}; a whole number from 1 to ${LIMITS.limit} is needed.`);
  }
}
