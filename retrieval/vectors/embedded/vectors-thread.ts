import { CodedError } from '#platform/base/errors/errors.ts';
import { serve } from '#platform/base/thread/thread-rpc.ts';
import type {
  AddedVector,
  AggregateRequest,
  Filter,
  PageRequest,
  Place,
  SearchQuery,
  SpaceDefinition,
  VectorObject,
} from '../vector-store.ts';
import { copyTo, digest, restoreFrom } from './copy.ts';
import { Reader } from './reader.ts';
import { openDatabase } from './schema.ts';
import { Writer } from './writer.ts';

/**
 * The embedded store's threads. Three run this module: one reads and searches, one writes, one makes backups; they meet
 * in the database file only, as separate processes do.
 */

export interface ReaderData {
  readonly role: 'reader';
  readonly file: string;
  /** Bytes of cached vectors and words. */
  readonly budget: number;
}

export interface WriterData {
  readonly role: 'writer' | 'copier';
  readonly file: string;
}

/** Returns what a thread that reads answers to. */
export const readerMethods = (reader: Reader) => ({
  space: (name: string) => reader.space(name),
  spaces: (_: null) => reader.spaces(),
  tenants: (space: string) => reader.tenants(space),
  get: (request: { at: Place; ids: readonly string[]; includeVectors: boolean }) => reader.get(request),
  list: (request: { at: Place; page: PageRequest }) => reader.list(request),
  matching: (request: { at: Place; filter: Filter }) => reader.matching(request),
  search: (request: { at: Place; query: SearchQuery }) => reader.search(request),
  aggregate: (request: { at: Place; request: Pick<AggregateRequest, 'filter' | 'fields'> }) =>
    reader.aggregate(request),
  stats: (_: null) => reader.stats(),
  memory: (_: null) => reader.memoryBytes,
});

/** Returns what the thread that writes answers to. */
export const writerMethods = (writer: Writer) => ({
  ensureSpace: (definition: SpaceDefinition) => writer.ensureSpace(definition),
  activate: (request: { space: string; vector: string }) => writer.activate(request),
  dropVector: (request: { space: string; vector: string }) => writer.dropVector(request),
  deleteSpace: (name: string) => writer.deleteSpace(name),
  deleteTenant: (request: { space: string; tenant: string }) => writer.deleteTenant(request),
  upsert: (request: { at: Place; objects: readonly VectorObject[] }) => writer.upsert(request),
  addVectors: (request: { at: Place; vectors: readonly AddedVector[] }) => writer.addVectors(request),
  delete: (request: { at: Place; ids: readonly string[] }) => writer.delete(request),
  deleteRows: (request: { at: Place; rows: readonly number[] }) => writer.deleteRows(request),
});

/** Returns what the thread that copies the database answers to. */
export const copierMethods = (file: string) => ({
  copy: async (to: string) => {
    using db = openDatabase(file);
    return await copyTo(db, to);
  },
  restore: async (request: { from: string; sha256: string }) => {
    if ((await digest(request.from)) !== request.sha256) {
      throw new CodedError('CONFLICT', 'The backup’s file is not the one that was written: its checksum differs.');
    }
    using db = openDatabase(file);
    restoreFrom(db, request.from);
  },
});

serve((data: ReaderData | WriterData) => {
  if (data.role === 'reader') return readerMethods(new Reader(openDatabase(data.file), data.budget));
  if (data.role === 'writer') return writerMethods(new Writer(openDatabase(data.file)));
  return copierMethods(data.file);
});
