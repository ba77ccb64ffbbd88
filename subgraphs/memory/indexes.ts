import { createHash } from 'node:crypto';
import { isUuid } from '#platform/base/uuid.ts';
import type { EmbeddingCaller, RecordedEmbedders } from '#retrieval/embeddings/recorded-embedders.ts';
import type { Reranker } from '#retrieval/vectors/reranker.ts';
import { TextIndex, type TextIndexDefinition } from '#retrieval/vectors/text-index.ts';
import type { VectorStore } from '#retrieval/vectors/vector-store.ts';

/** The indexes of memory: rows of the database are the truth, and each index can be made of them again. */
const DEFINITIONS = {
  memories: {
    name: 'memories',
    multiTenant: true,
    isPermanent: true,
    fields: {
      about: 'text',
      conversationId: 'text',
      kind: 'text',
      origin: 'text',
      pinned: 'boolean',
      valid: 'boolean',
    },
  },
  knowledge: { name: 'knowledge', multiTenant: true, isPermanent: true, fields: { documentId: 'text' } },
  messages: {
    name: 'messages',
    multiTenant: true,
    isPermanent: true,
    fields: { conversationId: 'text', messageId: 'text' },
  },
} as const satisfies Record<string, TextIndexDefinition>;

export type IndexName = keyof typeof DEFINITIONS;
export const INDEX_NAMES = Object.keys(DEFINITIONS) as IndexName[];

/** Tenant of the documents that everybody may read. No user's tenant is called so: see tenantOf. */
export const SHARED_TENANT = 'shared';

/**
 * The indexes, opened when they are first needed: an embedding endpoint or vector server that is down stops no start.
 */
export class Indexes {
  readonly #open: (name: IndexName) => Promise<TextIndex>;
  readonly #opened = new Map<IndexName, Promise<TextIndex>>();
  readonly #embedders: RecordedEmbedders;

  constructor(vectors: () => Promise<VectorStore>, embedders: RecordedEmbedders, reranker?: Reranker) {
    this.#open = async (name) => TextIndex.open(await vectors(), embedders, DEFINITIONS[name], reranker);
    this.#embedders = embedders;
  }

  get(name: IndexName): Promise<TextIndex> {
    let index = this.#opened.get(name);
    if (index === undefined) {
      index = this.#open(name).catch((error: unknown) => {
        this.#opened.delete(name);
        throw error;
      });
      this.#opened.set(name, index);
    }
    return index;
  }

  /** Cosine similarity below which two texts have nothing to do with one another, for a model. */
  async threshold(model: string): Promise<number> {
    return (await this.#embedders.model(model)).threshold ?? FALLBACK_THRESHOLD;
  }
}

/**
 * For models whose threshold is not measured. Too low for some, which only makes the extractive responder talkative.
 */
const FALLBACK_THRESHOLD = 0.35;

/**
 * Returns the tenant that holds what is a user's alone. User ids are opaque to memory; tenants have few letters to
 * choose from.
 */
export const tenantOf = (userId: string): string =>
  `u_${/^[A-Za-z0-9-]{1,62}$/.test(userId) ? userId : createHash('sha256').update(userId).digest('base64url')}`;

/**
 * Returns in whose name a tenant's texts are embedded again: its user's, and the installation's for what everybody may
 * read.
 */
export function reembedderOf(tenant: string | undefined): EmbeddingCaller {
  const userId = tenant?.slice('u_'.length);
  // Of an id that had to be hashed nothing is left but the hash; those of our own accounts are UUIDs.
  return { userId: userId !== undefined && isUuid(userId) ? userId : undefined, purpose: 'reembed' };
}
