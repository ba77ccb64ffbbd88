import type { Embedder, Embedders } from '../embeddings/embedder.ts';
import { CodedError } from '../errors/errors.ts';
import type {
  FieldType,
  Filter,
  Fusion,
  Hit,
  ObjectResult,
  Place,
  Properties,
  Space,
  VectorStore,
} from './vector-store.ts';

export interface TextIndexDefinition {
  /** Name of the space. */
  readonly name: string;
  readonly fields: Readonly<Record<string, FieldType>>;
  readonly multiTenant: boolean;
  /** Id of the embedding model; default: the installation's. */
  readonly model?: string | undefined;
}

export interface TextDocument {
  readonly id: string;
  readonly text: string;
  readonly properties?: Properties | undefined;
}

export interface TextSearch {
  readonly text: string;
  /** Default `hybrid`. */
  readonly mode?: 'vector' | 'text' | 'hybrid' | undefined;
  /** 1 to 1000. */
  readonly limit: number;
  readonly offset?: number | undefined;
  readonly filter?: Filter | undefined;
  readonly fusion?: Fusion | undefined;
  readonly alpha?: number | undefined;
  readonly minScore?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TextSearchResult {
  readonly hits: readonly Hit[];
  /** The model that the similarities come from. */
  readonly model: string;
  /** Why a hybrid search had to do without similarity: the embedding endpoint failed. Words still answer. */
  readonly degraded?: string | undefined;
}

export interface ReembedProgress {
  readonly done: number;
  readonly total: number;
}

/** How many texts are embedded and stored at a time while re-embedding. */
const REEMBED_BATCH = 64;

/**
 * A space whose texts are embedded on the way in and on the way to a search: what memory and vector build on.
 *
 * The space has one vector a model, named after it. Usually that is one. While a change of model is under way there are
 * two: searches use the old one, writes fill both, `reembed` fills in the rest, and then the new one becomes active.
 */
export class TextIndex {
  readonly #store: VectorStore;
  readonly #embedders: Embedders;
  /** Id of the model that the index should use. */
  readonly model: string;
  readonly name: string;

  private constructor(store: VectorStore, embedders: Embedders, name: string, model: string) {
    this.#store = store;
    this.#embedders = embedders;
    this.name = name;
    this.model = model;
  }

  /** Opens the index and creates its space if need be. With another model than before, `pending` is true afterwards. */
  static async open(store: VectorStore, embedders: Embedders, definition: TextIndexDefinition): Promise<TextIndex> {
    const embedder = await embedders.get(definition.model);
    const wanted = vectorNameOf(embedder.id);
    const existing = await store.space(definition.name);
    await store.ensureSpace({
      name: definition.name,
      fields: definition.fields,
      multiTenant: definition.multiTenant,
      vectors: { ...existing?.vectors, [wanted]: vectorOf(embedder) },
      active: existing?.active ?? wanted,
    });
    return new TextIndex(store, embedders, definition.name, embedder.id);
  }

  /** Embeds and stores, replacing what has the same id. Safe to repeat. */
  async put(
    tenant: string | undefined,
    documents: readonly TextDocument[],
    signal?: AbortSignal,
  ): Promise<readonly ObjectResult[]> {
    if (documents.length === 0) return [];
    const space = await this.#space();
    const texts = documents.map((document) => document.text);
    const columns = await this.#embed(space, texts, signal);
    const objects = documents.map((document, i) => ({ ...document, vectors: row(columns, i) }));
    return this.#store.upsert(this.#place(tenant), objects, { signal });
  }

  async search(tenant: string | undefined, query: TextSearch): Promise<TextSearchResult> {
    const { mode = 'hybrid', text, ...rest } = query;
    const place = this.#place(tenant);
    const space = await this.#space();
    const model = space.vectors[space.active]!.model;
    if (mode === 'text') return { ...(await this.#store.search(place, { ...rest, mode, text })), model };
    let values: Float32Array;
    try {
      const embedder = await this.#embedders.get(model);
      values = (await embedder.embed([text], query.signal))[0]!;
    } catch (error) {
      const unavailable =
        error instanceof CodedError && ['PROVIDER_UNAVAILABLE', 'MODEL_NOT_FOUND'].includes(error.code);
      if (mode === 'vector' || !unavailable) throw error;
      return { ...(await this.#store.search(place, { ...rest, mode: 'text', text })), model, degraded: error.message };
    }
    const vector = { values, model };
    const found = await this.#store.search(
      place,
      mode === 'vector' ? { ...rest, mode, vector } : { ...rest, mode, vector, text },
    );
    return { ...found, model };
  }

  /** Deletes by id; returns the ids that existed. */
  remove(tenant: string | undefined, ids: readonly string[]): Promise<readonly string[]> {
    return this.#store.delete(this.#place(tenant), ids);
  }

  removeWhere(tenant: string | undefined, filter: Filter): Promise<number> {
    return this.#store.deleteWhere(this.#place(tenant), filter);
  }

  /** Deletes all of a tenant's texts; false if it had none. */
  removeTenant(tenant: string): Promise<boolean> {
    return this.#store.deleteTenant(this.name, tenant);
  }

  /** Whether texts are still to be embedded with the model that the index should use: call `reembed`. */
  async pending(): Promise<boolean> {
    return (await this.#space()).active !== vectorNameOf(this.model);
  }

  /**
   * Embeds what the new model has not embedded yet, makes it the active one and drops the old one. The store itself holds
   * the state, so a run that was killed is continued by calling this again, and two at once only do double work.
   */
  async reembed(progress?: (at: ReembedProgress) => void, signal?: AbortSignal): Promise<void> {
    const wanted = vectorNameOf(this.model);
    const space = await this.#space();
    if (space.active === wanted) return;
    const embedder = await this.#embedders.get(this.model);
    const stats = (await this.#store.stats()).spaces.find((entry) => entry.name === this.name);
    const total = stats?.objects ?? 0;
    let done = stats?.vectors[wanted] ?? 0;
    const tenants = space.multiTenant ? await this.#store.tenants(this.name) : [undefined];
    for (const tenant of tenants) {
      for await (const objects of this.#lacking(tenant, wanted, signal)) {
        const vectors = await embedder.embed(
          objects.map((object) => object.text),
          signal,
        );
        const added = objects.map((object, i) => ({
          id: object.id,
          text: object.text,
          vectors: { [wanted]: vectors[i]! },
        }));
        done += await this.#store.addVectors(this.#place(tenant), added, { signal });
        progress?.({ done: Math.min(done, total), total });
      }
    }
    await this.#store.activate(this.name, wanted);
    for (const old of Object.keys(space.vectors)) if (old !== wanted) await this.#store.dropVector(this.name, old);
  }

  async *#lacking(tenant: string | undefined, vector: string, signal?: AbortSignal) {
    let after: string | undefined;
    do {
      const page = await this.#store.list(this.#place(tenant), {
        limit: REEMBED_BATCH,
        after,
        lackingVector: vector,
        signal,
      });
      if (page.objects.length > 0) yield page.objects;
      after = page.next;
    } while (after !== undefined);
  }

  /** Vectors of the texts for each of the space's models. Only the active model must answer: reembed fills in the others. */
  async #embed(space: Space, texts: readonly string[], signal?: AbortSignal): Promise<Record<string, Float32Array[]>> {
    const columns: Record<string, Float32Array[]> = {};
    for (const [name, vector] of Object.entries(space.vectors)) {
      const mustAnswer = name === space.active || vector.model === this.model;
      try {
        columns[name] = await (await this.#embedders.get(vector.model)).embed(texts, signal);
      } catch (error) {
        if (mustAnswer && !(name === space.active && vector.model !== this.model)) throw error;
      }
    }
    return columns;
  }

  #place(tenant: string | undefined): Place {
    return { space: this.name, tenant };
  }

  async #space(): Promise<Space> {
    const space = await this.#store.space(this.name);
    if (space === undefined) throw new CodedError('NOT_FOUND', `The vector space ${this.name} was not found.`);
    return space;
  }
}

/** The name of a model's vector in a space: `text-embedding-3-small` is `text_embedding_3_small`. */
export const vectorNameOf = (model: string): string => `m_${model.replace(/[^A-Za-z0-9]/g, '_')}`.slice(0, 64);

const vectorOf = (embedder: Embedder) => ({
  model: embedder.id,
  dimensions: embedder.dimensions,
  metric: 'cosine' as const,
  threshold: embedder.threshold,
});

const row = (columns: Record<string, Float32Array[]>, i: number): Record<string, Float32Array> =>
  Object.fromEntries(Object.entries(columns).map(([name, vectors]) => [name, vectors[i]!]));
