/**
 * The vector store: what holds texts, their properties and their vectors, and finds them again by meaning and by word.
 *
 * Two implementations keep this contract, and contract.suite.ts is its definition: EmbeddedVectorStore (node:sqlite, in
 * SEXTANT_DIR) and WeaviateVectorStore. Callers that embed text themselves rarely need this interface: TextIndex joins
 * a space with its embedding model.
 *
 * Errors are CodedErrors: BAD_USER_INPUT for a wrong argument, NOT_FOUND for an unknown space or backup, CONFLICT for a
 * space that exists with another definition, SERVICE_UNAVAILABLE when the server cannot be reached, NOT_CONFIGURED.
 */
export interface VectorStore extends AsyncDisposable {
  readonly kind: 'embedded' | 'weaviate';

  /** Creates the space, or returns it if it exists with the same definition. New vectors and fields are added to it. */
  ensureSpace(definition: SpaceDefinition): Promise<Space>;
  /** The space, or undefined. */
  space(name: string): Promise<Space | undefined>;
  /** All spaces, by name. */
  spaces(): Promise<readonly Space[]>;
  /** Makes another of its vectors the one that is searched by default; the last step of a change of model. */
  activate(space: string, vector: string): Promise<Space>;
  /** Removes one of the vectors, not the active one, from the space and from all its objects. */
  dropVector(space: string, vector: string): Promise<Space>;
  /** Deletes the space and all it holds; false if there was none. */
  deleteSpace(name: string): Promise<boolean>;

  /** The tenants that hold objects, by name. */
  tenants(space: string): Promise<readonly string[]>;
  /** Deletes all of a tenant's objects; false if it had none. */
  deleteTenant(space: string, tenant: string): Promise<boolean>;

  /**
   * Stores objects, replacing those with the same id. What succeeded is durable when this resolves; each object has a
   * result of its own, in the order given. Doing it again with the same objects changes nothing.
   */
  upsert(at: Place, objects: readonly VectorObject[], options?: CallOptions): Promise<readonly ObjectResult[]>;
  /**
   * Adds vectors to objects that exist, keeping text and properties. An object that is gone is left out silently, and
   * one whose text is no longer `text` too: both mean that the vector is out of date.
   */
  addVectors(at: Place, vectors: readonly AddedVector[], options?: CallOptions): Promise<number>;
  /** The objects that exist, in the order of the ids. */
  get(at: Place, ids: readonly string[], options?: ReadOptions): Promise<readonly StoredObject[]>;
  /** Deletes by id; returns the ids that existed. */
  delete(at: Place, ids: readonly string[], options?: CallOptions): Promise<readonly string[]>;
  /** Deletes what matches; returns how many. */
  deleteWhere(at: Place, filter: Filter, options?: CallOptions): Promise<number>;
  /** A page in a stable order. An object that exists throughout the paging appears in exactly one page. */
  list(at: Place, page: PageRequest): Promise<Page>;

  /** The best matches, best first; equal scores by id. */
  search(at: Place, query: SearchQuery): Promise<SearchResult>;
  /** Number of matching objects, and a summary of each field named. */
  aggregate(at: Place, request?: AggregateRequest): Promise<Aggregate>;

  /** Everything in a space with all vectors, tenant by tenant. What is written meanwhile may or may not be included. */
  export(space: string, options?: CallOptions): AsyncIterable<ExportedObject>;

  readonly backups: StoreBackups;

  stats(): Promise<StoreStats>;
  /** Whether the store answers; never rejects. */
  health(): Promise<StoreHealth>;
}

/** Letters, digits and underscores, beginning with a letter; at most 64. Spaces, vectors and fields are named so. */
export const NAME = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** The measure of nearness. `dot` and `l2` are scored as they are; `cosine` vectors are normalised when stored. */
export type Metric = 'cosine' | 'dot' | 'l2';

/** A kind of vector in a space. Vectors of different models are never compared. */
export interface VectorDefinition {
  /** Id of the embedding model, or a name of the caller's own for vectors made elsewhere. */
  readonly model: string;
  /** 1 to 4096. */
  readonly dimensions: number;
  readonly metric: Metric;
  /** Similarity below which a match means nothing with this model; callers that need an answer or none use it. */
  readonly threshold?: number | undefined;
}

/** The type of a property that filters and aggregates may name. A `date` is an ISO 8601 instant. */
export type FieldType = 'text' | 'number' | 'boolean' | 'date' | 'text[]' | 'number[]';

export interface SpaceDefinition {
  readonly name: string;
  readonly vectors: Readonly<Record<string, VectorDefinition>>;
  /** The vector searched by default. */
  readonly active: string;
  /** Properties that can be filtered. Others are stored and returned, nothing more. */
  readonly fields: Readonly<Record<string, FieldType>>;
  /** Whether every call names a tenant. A tenant sees only its own objects, and its own word statistics. */
  readonly multiTenant: boolean;
}

export interface Space extends SpaceDefinition {
  readonly createdAt: Date;
}

/** The place where objects are: the space and, if it is multi-tenant, whose. */
export interface Place {
  readonly space: string;
  readonly tenant?: string | undefined;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
export type Properties = Readonly<Record<string, Json>>;

export interface VectorObject {
  /** Chosen by the caller, 1 to 200 characters; a UUID or anything else. */
  readonly id: string;
  /** What BM25 searches. */
  readonly text: string;
  readonly properties?: Properties | undefined;
  /** By name of the vector. An object without the active vector is found by its words only. */
  readonly vectors: Readonly<Record<string, Float32Array>>;
}

export interface AddedVector {
  readonly id: string;
  readonly text: string;
  readonly vectors: Readonly<Record<string, Float32Array>>;
}

export type ObjectResult =
  | { readonly id: string; readonly ok: true; readonly created: boolean }
  | { readonly id: string; readonly ok: false; readonly error: string };

export interface StoredObject {
  readonly id: string;
  readonly text: string;
  readonly properties: Properties;
  /** Present if asked for. */
  readonly vectors?: Readonly<Record<string, Float32Array>>;
  readonly updatedAt: Date;
}

export interface ExportedObject extends Required<StoredObject> {
  readonly tenant?: string | undefined;
}

export type Scalar = string | number | boolean;

/** A condition on declared fields. `ne` also matches objects without the property; the others do not. */
export type Filter =
  | { readonly and: readonly Filter[] }
  | { readonly or: readonly Filter[] }
  | { readonly field: string; readonly op: 'eq' | 'ne' | 'lt' | 'lte' | 'gt' | 'gte'; readonly value: Scalar }
  | { readonly field: string; readonly op: 'in'; readonly value: readonly Scalar[] }
  /** For the list types: one of the values is in the list. */
  | { readonly field: string; readonly op: 'containsAny'; readonly value: readonly Scalar[] }
  | { readonly field: string; readonly op: 'exists'; readonly value: boolean };

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface ReadOptions extends CallOptions {
  readonly includeVectors?: boolean | undefined;
}

export interface PageRequest extends ReadOptions {
  /** 1 to 1000. */
  readonly limit: number;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly filter?: Filter | undefined;
  /** Only objects that lack this vector: what a change of model has yet to embed. */
  readonly lackingVector?: string | undefined;
}

export interface Page {
  readonly objects: readonly StoredObject[];
  /** Where each object is in the order: as `after`, it begins a page behind it. */
  readonly cursors: readonly string[];
  /** Absent on the last page. */
  readonly next?: string;
}

/**
 * The way in which a hybrid search joins similarity and BM25; fusion.ts has the formulas, docs/retrieval.md what they
 * are worth.
 */
export type Fusion = 'relative' | 'absolute';

interface QueryBase extends ReadOptions {
  /** 1 to 1000. */
  readonly limit: number;
  /** Hits to leave out at the beginning; `offset + limit` is at most 10 000. */
  readonly offset?: number | undefined;
  readonly filter?: Filter | undefined;
  /** Leaves out hits with a lower score. */
  readonly minScore?: number | undefined;
}

export interface VectorQuery extends QueryBase {
  readonly mode: 'vector';
  readonly vector: QueryVector;
}

export interface TextQuery extends QueryBase {
  readonly mode: 'text';
  readonly text: string;
}

export interface HybridQuery extends QueryBase {
  readonly mode: 'hybrid';
  readonly vector: QueryVector;
  readonly text: string;
  readonly fusion?: Fusion | undefined;
  /** Weight of similarity against words, 0 (words only) to 1; the default is the measured one of the fusion. */
  readonly alpha?: number | undefined;
}

export type SearchQuery = VectorQuery | TextQuery | HybridQuery;

export interface QueryVector {
  readonly values: Float32Array;
  /** Must be the model of the vector searched, so that spaces never mix. */
  readonly model: string;
  /** Which of the space's vectors; default: the active one. */
  readonly name?: string | undefined;
}

export interface Hit extends StoredObject {
  /** Comparable within one answer; with fusion `relative` and for BM25 not across answers. */
  readonly score: number;
  readonly explanation: ScoreExplanation;
}

/** The parts that a score is made of: for a hybrid search `score = dense.contribution + lexical.contribution`. */
export interface ScoreExplanation {
  readonly fusion?: Fusion;
  /** Absent if the object has no such vector or the search did not ask for one. */
  readonly dense?: ScorePart;
  /** Absent if no word matched. */
  readonly lexical?: ScorePart;
}

export interface ScorePart {
  /** Cosine similarity, dot product or negative squared distance; BM25 for words. */
  readonly raw: number;
  /** What the fusion made of it, 0 to 1. The raw value where nothing is fused. */
  readonly normalised: number;
  readonly weight: number;
  readonly contribution: number;
}

export interface SearchResult {
  readonly hits: readonly Hit[];
}

export interface AggregateRequest extends CallOptions {
  readonly filter?: Filter | undefined;
  readonly fields?: readonly string[] | undefined;
}

export interface Aggregate {
  readonly count: number;
  readonly fields: Readonly<Record<string, FieldAggregate>>;
}

export type FieldAggregate =
  | {
      readonly type: 'number';
      readonly count: number;
      readonly min: number;
      readonly max: number;
      readonly mean: number;
      readonly sum: number;
    }
  /** The most frequent values, at most 20, most frequent first. */
  | {
      readonly type: 'values';
      readonly count: number;
      readonly top: readonly { readonly value: string; readonly count: number }[];
    };

/** The backups of a store. */
export interface StoreBackups {
  /**
   * Starts a backup of all spaces. Resolves when it has started; `get` tells when it has ended.
   *
   * @throws {CodedError} CONFLICT if there is one of that name.
   */
  create(id: string): Promise<Backup>;
  get(id: string): Promise<Backup | undefined>;
  /** Newest first. */
  list(): Promise<readonly Backup[]>;
  /**
   * Replaces the spaces in the backup by their state in it, and resolves when that is done. Other spaces stay.
   *
   * @throws {CodedError} NOT_FOUND; CONFLICT if it did not succeed or its file has been changed.
   */
  restore(id: string): Promise<Backup>;
}

export interface Backup {
  readonly id: string;
  readonly status: 'RUNNING' | 'SUCCEEDED' | 'FAILED';
  readonly spaces: readonly string[];
  readonly startedAt: Date;
  readonly completedAt?: Date | undefined;
  readonly bytes?: number | undefined;
  readonly error?: string | undefined;
}

export interface SpaceStats {
  readonly name: string;
  readonly objects: number;
  readonly tenants: number;
  /** Objects that have each vector, by its name. */
  readonly vectors: Readonly<Record<string, number>>;
}

export interface StoreStats {
  readonly spaces: readonly SpaceStats[];
  /** Bytes on disk; absent where the server does not say. */
  readonly diskBytes?: number | undefined;
  /** Bytes of cached vectors in this process; absent where vectors are elsewhere. */
  readonly memoryBytes?: number | undefined;
}

export interface StoreHealth {
  readonly status: 'up' | 'down';
  readonly kind: VectorStore['kind'];
  readonly version?: string | undefined;
  readonly detail?: string | undefined;
}
