import type { RequestContext } from '#platform/host/definition.ts';
import type { Contexts } from '../contexts.ts';
import type { Documents } from '../documents/documents.ts';
import type { Loaders } from '../loaders.ts';
import type { MemoryStore } from '../memories/store.ts';
import type { MemoryParts } from '../parts.ts';

export type Context = RequestContext<Loaders>;
export type None = Record<string, never>;

/** The parts that resolvers reach for. */
export interface ResolverParts {
  readonly memory: MemoryParts;
  readonly memories: MemoryStore;
  readonly contexts: Contexts;
  readonly documents: Documents;
}
