import { setTimeout as sleep } from 'node:timers/promises';
import { GraphQLError } from 'graphql';
import { z } from 'zod';
import { CodedError } from '#platform/base/errors/errors.ts';
import { backoff } from '#platform/base/faults/backoff.ts';
import type { Visit } from '../doors/visit.ts';
import type { StoredFile } from './files.ts';
import { FILES } from './files-graph.ts';
import { Turns } from './turns.ts';

/** A store is an entry of the person's context, under this and its id: a list of documents. */
const KEY = 'openai:vector_store:';
/** What comes before the id of a store. */
export const STORE_PREFIX = 'vs_';
/** How often a change is tried again that one of another process came before. */
const TRIES = 12;
const PAUSES = { firstMs: 10, maxMs: 100, isSpread: true };
/** As many ids as one look takes. */
const MAX_LOOK = 100;

/** The form of what is kept of a store. */
export const valueSchema = z.object({
  name: z.string(),
  metadata: z.record(z.string(), z.string()),
  files: z.array(z.object({ id: z.string(), at: z.number() })),
});
/** The part of a store that is kept in its entry. */
export type Value = z.infer<typeof valueSchema>;

/** An entry of the person's context, as the graph tells it. */
export interface Entry {
  readonly key: string;
  readonly value: unknown;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A store, with the ids of its files; some of them may be deleted. */
export interface Store extends Value {
  readonly id: string;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** The part of a visit that a store needs. */
export type StoreVisit = Pick<Visit, 'identity' | 'run' | 'need'>;

/** Returns the store that an entry is; undefined where it is something else. */
export function storeOf({ key, value, ...rest }: Entry): Store | undefined {
  const parsed = key.startsWith(KEY) ? valueSchema.safeParse(value) : undefined;
  return parsed?.success ? { id: STORE_PREFIX + key.slice(KEY.length), ...parsed.data, ...rest } : undefined;
}

/** Returns the key of the entry that a store is. */
export const keyOf = (id: string): string => KEY + id.slice(STORE_PREFIX.length);

/** Finds a store of the person. @throws {CodedError} NOT_FOUND. */
export async function findStore(visit: Pick<Visit, 'run'>, id: string): Promise<Store> {
  const entry = id.startsWith(STORE_PREFIX) ? await visit.run<Entry>(FILES.OpenAiStore, { key: keyOf(id) }) : null;
  const store = entry && storeOf(entry);
  if (!store) throw new CodedError('NOT_FOUND', `There is no vector store ${id.slice(0, 100)}.`);
  return store;
}

/** Writes a store. @param expectedVersion 0: it is a new one. @throws {GraphQLError} CONFLICT: it has another. */
export async function keepStore(
  visit: Pick<Visit, 'need'>,
  id: string,
  value: Value,
  expectedVersion: number,
): Promise<Store> {
  const variables = { key: keyOf(id), value, expectedVersion };
  const { context } = await visit.need<{ context: Entry }>(FILES.OpenAiKeepStore, variables);
  return storeOf(context)!;
}

const turns = new Turns();

/**
 * Changes a store: one change at a time in this process, and again where one of another process was quicker.
 *
 * @throws {CodedError} CONFLICT with `retryAfter` where others were quicker each time.
 */
export function alterStore(
  visit: StoreVisit,
  id: string,
  to: (store: Store) => Value | Promise<Value>,
): Promise<Store> {
  const person = visit.identity.kind === 'user' ? visit.identity.userId : '';
  return turns.take(`${person} ${id}`, async () => {
    for (let tries = 1; ; tries++) {
      const store = await findStore(visit, id);
      try {
        return await keepStore(visit, id, await to(store), store.version);
      } catch (error) {
        if ((error as { extensions?: { code?: unknown } }).extensions?.code !== 'CONFLICT') throw error;
        if (tries === TRIES) throw new CodedError('CONFLICT', BUSY, { retryAfter: 1 });
        await sleep(backoff(tries, PAUSES));
      }
    }
  });
}

const BUSY = 'The vector store is being changed by many at once: send the request again.';

/** Finds documents; those that are gone, or not the person's to read, are not there. */
export async function documentsOf(
  visit: Pick<Visit, 'result'>,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, StoredFile>> {
  const wanted = [...new Set(ids)];
  const found = new Map<string, StoredFile>();
  for (let at = 0; at < wanted.length; at += MAX_LOOK) {
    const { data, errors } = await visit.result(FILES.OpenAiDocuments, { ids: wanted.slice(at, at + MAX_LOOK) });
    // What could not be looked at is not gone.
    if (errors?.[0]) throw new GraphQLError(errors[0].message, { extensions: errors[0].extensions ?? {} });
    const nodes = (data?.['nodes'] ?? []) as readonly (Partial<StoredFile> | null)[];
    for (const node of nodes) if (node?.id !== undefined) found.set(node.id, node as StoredFile);
  }
  return found;
}
