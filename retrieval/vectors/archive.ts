import { createHash } from 'node:crypto';
import { z } from 'zod';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Json, SpaceDefinition, VectorObject, VectorStore } from './vector-store.ts';

/**
 * The summary of a move of spaces from one store to another, whichever they are: lines of JSON that either side writes
 * and reads. The first line of each space is its definition, then come its objects with all vectors, and a last line
 * counts and hashes it all.
 */

export interface ArchiveSummary {
  readonly spaces: number;
  readonly objects: number;
  /** SHA-256 of all lines but the last, in hexadecimal. */
  readonly sha256: string;
}

/** Objects stored at a time while importing. */
const BATCH = 500;

/** Returns the lines of an archive of all spaces, or of those named, each with its newline. */
export async function* exportArchive(
  store: VectorStore,
  names?: readonly string[],
): AsyncGenerator<string, ArchiveSummary> {
  const hash = createHash('sha256');
  let objects = 0;
  const line = (content: object): string => {
    const text = `${JSON.stringify(content)}\n`;
    hash.update(text);
    return text;
  };
  const spaces = (await store.spaces()).filter(({ name }) => names === undefined || names.includes(name));
  for (const { createdAt: _, ...space } of spaces) {
    yield line({ space });
    try {
      for await (const { id, text, properties, vectors, tenant } of store.export(space.name)) {
        const encoded = Object.fromEntries(Object.entries(vectors).map(([name, values]) => [name, encode(values)]));
        yield line({ id, text, properties, vectors: encoded, tenant });
        objects++;
      }
    } catch (error) {
      // A collection that is deleted meanwhile ends here.
      if (!(error instanceof CodedError && error.code === 'NOT_FOUND')) throw error;
    }
  }
  const summary = { spaces: spaces.length, objects, sha256: hash.digest('hex') };
  yield `${JSON.stringify({ end: summary })}\n`;
  return summary;
}

/**
 * Stores what an archive holds. Objects with the same id are replaced, so an import that broke off can be run again.
 *
 * @param lines of the archive, without or with their newline.
 * @throws {CodedError} BAD_USER_INPUT naming the line that is wrong; CONFLICT where a space exists with another
 * definition.
 */
export async function importArchive(store: VectorStore, lines: AsyncIterable<string>): Promise<ArchiveSummary> {
  const hash = createHash('sha256');
  let space: SpaceDefinition | undefined;
  let spaces = 0;
  let objects = 0;
  let number = 0;
  let batch: { tenant: string | undefined; objects: VectorObject[] } = { tenant: undefined, objects: [] };
  const flush = async () => {
    if (batch.objects.length === 0) return;
    const results = await store.upsert({ space: space!.name, tenant: batch.tenant }, batch.objects);
    const failed = results.find((result) => !result.ok);
    if (failed?.ok === false) throw wrong(number, `object ${failed.id} was refused: ${failed.error}`);
    objects += results.length;
    batch = { tenant: undefined, objects: [] };
  };
  for await (const raw of lines) {
    const text = raw.trimEnd();
    if (text === '') continue;
    const content = parse(text, ++number);
    if ('end' in content) {
      await flush();
      const summary = { spaces, objects, sha256: hash.digest('hex') };
      if (summary.sha256 !== content.end.sha256)
        throw wrong(number, 'the checksum differs: something was changed or is missing');
      return summary;
    }
    hash.update(`${text}\n`);
    if ('space' in content) {
      await flush();
      // The store checks it.
      space = content.space as unknown as SpaceDefinition;
      await store.ensureSpace(space);
      spaces++;
      continue;
    }
    if (space === undefined) throw wrong(number, 'an object comes before its space');
    const { tenant, vectors, ...object } = content;
    if (batch.tenant !== tenant || batch.objects.length === BATCH) await flush();
    batch.tenant = tenant;
    batch.objects.push({
      ...object,
      vectors: Object.fromEntries(Object.entries(vectors).map(([name, values]) => [name, decode(values)])),
    });
  }
  throw wrong(number, 'the last line is missing: the archive was cut off');
}

const wrong = (line: number, problem: string) =>
  new CodedError('BAD_USER_INPUT', `Line ${line} of the archive: ${problem}.`);

const json = z.json() as z.ZodType<Json>;
const lineSchema = z.union([
  z.object({ end: z.object({ spaces: z.number(), objects: z.number(), sha256: z.string() }) }),
  z.object({ space: z.object({ name: z.string(), vectors: z.record(z.string(), z.looseObject({})) }).loose() }),
  z.object({
    id: z.string(),
    text: z.string(),
    properties: z.record(z.string(), json),
    vectors: z.record(z.string(), z.string()),
    tenant: z.string().optional(),
  }),
]);

function parse(text: string, line: number): z.infer<typeof lineSchema> {
  try {
    return lineSchema.parse(JSON.parse(text));
  } catch {
    throw wrong(line, 'it is not a line of a vector archive');
  }
}

/** Little-endian floats as base64: a third of the size of digits, and exact. */
const encode = (values: Float32Array): string =>
  Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64');

const decode = (text: string): Float32Array => {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + (bytes.byteLength & ~3)));
};
