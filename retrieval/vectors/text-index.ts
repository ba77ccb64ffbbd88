import { CodedError } from '#platform/base/errors/errors.ts';
import type { Embedder } from '../embeddings/embedder.ts';
import type { EmbeddingCaller, RecordedEmbedders } from '../embeddings/recorded-embedders.ts';
import { foreignLanguage, languageName } from './foreign-language.ts';
import { RERANKED, type Reranker, reranked } from './reranker.ts';
import type {
  FieldType,
  Filter,
  Fusion,
  Hit,
  Metric,
  ObjectResult,
  Page,
  PageRequest,
  Place,
  Properties,
  SearchQuery,
  Space,
  VectorDefinition,
  VectorObject,
  VectorStore,
} from './vector-store.ts';

export interface TextIndexDefinition {
  /** Name of the space. */
  readonly name: string;
  readonly fields: Readonly<Record<string, FieldType>>;
  readonly multiTenant: boolean;
  /** Id of the embedding model; default: the installation's. */
  readonly model?: string | undefined;
  /** Whether the space is made again where it is gone: the store was emptied, and what is in it can be made of rows. */
  readonly isPermanent?: boolean | undefined;
  /** For vectors made elsewhere, by a `model` that is not the installation’s: nothing is embedded here. */
  readonly brought?: { readonly dimensions: number; readonly metric: Metric } | undefined;
}

export interface TextDocument {
  readonly id: string;
  readonly text: string;
  readonly properties?: Properties | undefined;
  /** Made by the model in use, where the caller has it already. */
  readonly vector?: Float32Array | undefined;
}

export interface TextSearch {
  /** In whose name the text is embedded. */
  readonly by: EmbeddingCaller;
  /** Needed for words, and for similarity where no vector is given. */
  readonly text: string;
  /** Made by the model in use, instead of embedding the text. */
  readonly vector?: Float32Array | undefined;
  /** Default `hybrid`. */
  readonly mode?: SearchQuery['mode'] | undefined;
  /** 1 to 1000. */
  readonly limit: number;
  readonly offset?: number | undefined;
  readonly filter?: Filter | undefined;
  readonly fusion?: Fusion | undefined;
  readonly alpha?: number | undefined;
  readonly minScore?: number | undefined;
  readonly includeVectors?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface TextSearchResult {
  readonly hits: readonly Hit[];
  /** The model that the similarities come from. */
  readonly model: string;
  /** Why a hybrid search did without similarity: the model failed or does not know the language. Words still answer. */
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
  readonly #embedders: RecordedEmbedders;
  readonly #definition: TextIndexDefinition;
  readonly #reranker: Reranker | undefined;
  /** Id of the model that the index should use. */
  readonly model: string;
  readonly name: string;
  #isMade = false;

  private constructor(
    store: VectorStore,
    embedders: RecordedEmbedders,
    definition: TextIndexDefinition,
    reranker: Reranker | undefined,
  ) {
    this.#store = store;
    this.#embedders = embedders;
    this.#definition = definition;
    this.#reranker = reranker;
    this.name = definition.name;
    this.model = definition.model ?? embedders.defaultId;
  }

  /** Opens the index and creates its space if need be. With another model than before, `pending` is true afterwards. */
  static async open(
    store: VectorStore,
    embedders: RecordedEmbedders,
    definition: TextIndexDefinition,
    reranker?: Reranker,
  ): Promise<TextIndex> {
    const index = new TextIndex(store, embedders, definition, reranker);
    await index.#ensure();
    return index;
  }

  /** Whether its space was made, or made fit, through it: who has deleted the space meanwhile has not deleted that. */
  get isMade(): boolean {
    return this.#isMade;
  }

  async #ensure(): Promise<void> {
    const { name, fields, multiTenant, brought } = this.#definition;
    const [store, embedders, model, definition] = [this.#store, this.#embedders, this.model, this.#definition];
    const wanted = vectorNameOf(model);
    const existing = await store.space(name);
    // Nothing is asked of the model where the space knows it: an endpoint that is down must not stop reading and
    // deleting.
    if (existing === undefined || !covers(existing, wanted, definition)) {
      const vector = brought === undefined ? vectorOf(await embedders.model(model)) : { ...brought, model };
      await store.ensureSpace({
        name,
        fields,
        multiTenant,
        vectors: { ...existing?.vectors, [wanted]: vector },
        active: existing?.active ?? wanted,
      });
      this.#isMade = true;
    }
  }

  /** Embeds what has no vector yet, and stores, replacing what has the same id. Safe to repeat. */
  async put(
    tenant: string | undefined,
    documents: readonly TextDocument[],
    by: EmbeddingCaller,
    signal?: AbortSignal,
  ): Promise<readonly ObjectResult[]> {
    if (documents.length === 0) return [];
    return this.store(tenant, await this.embed(documents, by, signal), signal);
  }

  /** Embeds what has no vector yet, for `store`: `put` in two steps, of which only the second changes the store. */
  async embed(
    documents: readonly TextDocument[],
    by: EmbeddingCaller,
    signal?: AbortSignal,
  ): Promise<readonly VectorObject[]> {
    const space = await this.#space();
    const vectors = documents.map(
      (document): Record<string, Float32Array> => (document.vector ? { [space.active]: document.vector } : {}),
    );
    for (const [name, { model }] of Object.entries(space.vectors)) {
      const missing = documents.flatMap((document, i) =>
        vectors[i]![name] === undefined && document.text.trim() !== '' ? [i] : [],
      );
      const made = await this.#embed(
        model,
        missing.map((i) => documents[i]!.text),
        by,
        signal,
      );
      missing.forEach((i, at) => {
        if (made !== undefined) vectors[i]![name] = made[at]!;
      });
    }
    return documents.map(({ id, text, properties }, i) => ({ id, text, properties, vectors: vectors[i]! }));
  }

  /** Stores what `embed` has made, replacing what has the same id. */
  store(
    tenant: string | undefined,
    objects: readonly VectorObject[],
    signal?: AbortSignal,
  ): Promise<readonly ObjectResult[]> {
    return this.#store.upsert(this.#place(tenant), objects, { signal });
  }

  /** Searches; what a hybrid search finds is put in order by the reranker, where there is one. */
  async search(tenant: string | undefined, query: TextSearch): Promise<TextSearchResult> {
    const reranker = (query.mode ?? 'hybrid') === 'hybrid' && !query.offset ? this.#reranker : undefined;
    if (reranker === undefined) return this.#search(tenant, query);
    const found = await this.#search(tenant, { ...query, limit: Math.max(query.limit, RERANKED) });
    const hits = await reranked(reranker, query.text, found.hits, query.by, query.signal);
    return { ...found, hits: hits.slice(0, query.limit) };
  }

  async #search(tenant: string | undefined, query: TextSearch): Promise<TextSearchResult> {
    const { mode = 'hybrid', text, vector: given, by, ...rest } = query;
    const place = this.#place(tenant);
    const space = await this.#space();
    const { model } = space.vectors[space.active]!;
    const byWords = () => this.#store.search(place, { ...rest, mode: 'text', text });
    if (mode === 'text') return { ...(await byWords()), model };
    let values = given;
    const unspoken = mode === 'hybrid' && given === undefined ? this.#unspoken(model, text) : undefined;
    if (unspoken !== undefined) return { ...(await byWords()), model, degraded: unspoken };
    try {
      values ??= (await this.#embedders.embed(model, [text], by, { signal: query.signal, use: 'query' }))[0]!;
    } catch (error) {
      const unavailable = error instanceof CodedError && UNAVAILABLE.includes(error.code);
      if (mode === 'vector' || !unavailable) throw error;
      return { ...(await byWords()), model, degraded: error.message };
    }
    const vector = { values, model };
    const found = await this.#store.search(
      place,
      mode === 'vector' ? { ...rest, mode, vector } : { ...rest, mode, vector, text },
    );
    return { ...found, model };
  }

  /** To a model that does not know a language, all texts of it are alike: better words alone than chance. */
  #unspoken(model: string, text: string): string | undefined {
    const languages = this.#embedders.models().find(({ id }) => id === model)?.languages;
    const language = languages && foreignLanguage(text, languages);
    if (language === undefined) return undefined;
    return `The embedding model ${model} does not know ${languageName(language)}: only words were compared. A multilingual model can be set with EMBEDDINGS_LOCAL or EMBEDDINGS_BASE_URL.`;
  }

  /** The tenants that hold texts. */
  async tenants(): Promise<readonly string[]> {
    await this.#space();
    return this.#store.tenants(this.name);
  }

  /** How many texts there are, of all tenants. */
  async count(): Promise<number> {
    return (await this.#store.stats()).spaces.find(({ name }) => name === this.name)?.objects ?? 0;
  }

  /** A page of texts in a stable order. */
  list(tenant: string | undefined, page: PageRequest): Promise<Page> {
    return this.#store.list(this.#place(tenant), page);
  }

  /** Those of the ids that are there. */
  async existing(
    tenant: string | undefined,
    ids: readonly string[],
    signal?: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    if (ids.length === 0) return new Set();
    return new Set((await this.#store.get(this.#place(tenant), ids, { signal })).map(({ id }) => id));
  }

  /** Deletes by id; returns the ids that existed. */
  async remove(tenant: string | undefined, ids: readonly string[]): Promise<readonly string[]> {
    await this.#space();
    return this.#store.delete(this.#place(tenant), ids);
  }

  async removeWhere(tenant: string | undefined, filter: Filter): Promise<number> {
    await this.#space();
    return this.#store.deleteWhere(this.#place(tenant), filter);
  }

  /** Deletes all of a tenant's texts; false if it had none. */
  async removeTenant(tenant: string): Promise<boolean> {
    await this.#space();
    return this.#store.deleteTenant(this.name, tenant);
  }

  /** Whether texts are still to be embedded with the model that the index should use: call `reembed`. */
  async pending(): Promise<boolean> {
    return (await this.#space()).active !== vectorNameOf(this.model);
  }

  /**
   * Embeds what the new model has not embedded yet, makes it the active one and drops the old one. The store itself
   * holds the state, so a run that was killed is continued by calling this again, and two at once only do double work.
   *
   * @param by in whose name a tenant's texts are embedded.
   */
  async reembed(
    by: (tenant: string | undefined) => EmbeddingCaller,
    progress?: (at: ReembedProgress) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    const wanted = vectorNameOf(this.model);
    const space = await this.#space();
    if (space.active === wanted) return;
    const stats = (await this.#store.stats()).spaces.find((entry) => entry.name === this.name);
    const total = stats?.objects ?? 0;
    let done = stats?.vectors[wanted] ?? 0;
    const count = (added: number) => {
      done += added;
      progress?.({ done: Math.min(done, total), total });
    };
    await this.#fill(space, wanted, by, count, signal);
    await this.#store.activate(this.name, wanted);
    // Again, for what was stored meanwhile by a process that did not know of the new model yet.
    await this.#fill(space, wanted, by, count, signal);
    for (const old of Object.keys(space.vectors)) if (old !== wanted) await this.#store.dropVector(this.name, old);
  }

  async #fill(
    space: Space,
    vector: string,
    by: (tenant: string | undefined) => EmbeddingCaller,
    count: (added: number) => void,
    signal?: AbortSignal,
  ): Promise<void> {
    // Gone or down: that is said before anything is read.
    await this.#embedders.model(this.model);
    for (const tenant of space.multiTenant ? await this.#store.tenants(this.name) : [undefined]) {
      const place = this.#place(tenant);
      let after: string | undefined;
      do {
        const page = await this.#store.list(place, { limit: REEMBED_BATCH, after, lackingVector: vector, signal });
        const objects = page.objects.filter(({ text }) => text.trim() !== '');
        if (objects.length > 0) {
          const vectors = await this.#embedders.embed(
            this.model,
            objects.map(({ text }) => text),
            by(tenant),
            { signal },
          );
          const added = objects.map(({ id, text }, i) => ({ id, text, vectors: { [vector]: vectors[i]! } }));
          count(await this.#store.addVectors(place, added, { signal }));
        }
        after = page.next;
      } while (after !== undefined);
    }
  }

  /**
   * Vectors of the texts, or undefined where the model cannot make them and need not: one that callers bring, or the
   * old one of a change of model, which may be why it is changed.
   */
  async #embed(
    model: string,
    texts: readonly string[],
    by: EmbeddingCaller,
    signal?: AbortSignal,
  ): Promise<Float32Array[] | undefined> {
    if (texts.length === 0) return undefined;
    try {
      return await this.#embedders.embed(model, texts, by, { signal });
    } catch (error) {
      const configured = this.#embedders.models().some(({ id }) => id === model);
      const unavailable = error instanceof CodedError && UNAVAILABLE.includes(error.code);
      if (unavailable && (!configured || model !== this.model)) return undefined;
      throw error;
    }
  }

  #place(tenant: string | undefined): Place {
    return { space: this.name, tenant };
  }

  async #space(): Promise<Space> {
    let space = await this.#store.space(this.name);
    if (space === undefined && this.#definition.isPermanent) {
      await this.#ensure();
      space = await this.#store.space(this.name);
    }
    if (space === undefined) throw new CodedError('NOT_FOUND', `The vector space ${this.name} was not found.`);
    return space;
  }
}

const UNAVAILABLE: readonly string[] = ['PROVIDER_UNAVAILABLE', 'MODEL_NOT_FOUND'];

/** The name of a model's vector in a space: `text-embedding-3-small` is `m_text_embedding_3_small`. */
const vectorNameOf = (model: string): string => `m_${model.replace(/[^A-Za-z0-9]/g, '_')}`.slice(0, 64);

const covers = (space: Space, vector: string, { fields, multiTenant }: TextIndexDefinition): boolean =>
  Object.hasOwn(space.vectors, vector) &&
  space.multiTenant === multiTenant &&
  Object.entries(fields).every(([name, type]) => space.fields[name] === type);

const vectorOf = (embedder: Omit<Embedder, 'embed'>): VectorDefinition => ({
  model: embedder.id,
  dimensions: embedder.dimensions,
  metric: 'cosine',
  threshold: embedder.threshold,
});
