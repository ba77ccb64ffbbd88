export interface Endpoint {
  /** Ends in /v1. */
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
}

/** What OpenAI's models read, and most others less; servers cut or refuse the rest. */
export const ENDPOINT_MAX_TOKENS = 8_191;
