import type { Meter } from './meter.ts';

/** The use of a text: what is looked for, or what may be found. Some models embed them differently. */
export type TextUse = 'query' | 'passage';

/** The options of an embedding. */
export interface EmbedOptions {
  readonly signal?: AbortSignal | undefined;
  /** Is told what was really asked of the model. */
  readonly meter?: Meter | undefined;
  /** Default `passage`. */
  readonly use?: TextUse | undefined;
}

/** An embedder, which turns texts into vectors with one model. */
export interface Embedder {
  /** What spaces record and callers name, e.g. `use-lite` or `text-embedding-3-small`. */
  readonly id: string;
  readonly provider: 'local' | 'openai-compatible';
  readonly dimensions: number;
  /** Longest text that is embedded whole; the rest of a longer one is ignored by the model. */
  readonly maxTokens: number;
  /** Cosine similarity below which two texts have nothing to do with one another, where it was measured. */
  readonly threshold?: number | undefined;
  /** ISO 639-1 codes of the languages that it knows, where it knows some only and these are known. */
  readonly languages?: readonly string[] | undefined;
  /** Whether a query and a passage of the same words have different vectors. */
  readonly tellsUses?: boolean | undefined;
  /**
   * One L2-normalised vector a text, in their order. Equal texts cost one embedding and recent ones none.
   *
   * Parts of subgraphs embed through RecordedEmbedders, which leaves a record.
   *
   * @throws {CodedError} BAD_USER_INPUT for an empty text, PROVIDER_UNAVAILABLE when the endpoint fails or is too slow.
   */
  embed(texts: readonly string[], options?: EmbedOptions): Promise<Float32Array[]>;
}

/** The facts that are known of a model without loading it. */
export interface EmbeddingModel {
  readonly id: string;
  readonly provider: Embedder['provider'];
  /** Absent until the endpoint has answered once. */
  readonly dimensions?: number | undefined;
  readonly maxTokens: number;
  readonly isDefault: boolean;
  /** The languages that it knows; absent where that is not known. */
  readonly languages?: readonly string[] | undefined;
  readonly description: string;
}

/** The models of this installation. */
export interface Embedders extends AsyncDisposable {
  readonly defaultId: string;
  models(): readonly EmbeddingModel[];
  /**
   * A model ready for use; the default one without an id. An endpoint is asked once for its dimensions.
   *
   * @throws {CodedError} MODEL_NOT_FOUND, PROVIDER_UNAVAILABLE.
   */
  get(id?: string): Promise<Embedder>;
}
