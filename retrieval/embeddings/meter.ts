import { estimateTokens } from './estimate-tokens.ts';

/**
 * The measure of what was really asked of a model on the way to some vectors; what a cache had is not. Filled in by who
 * asks.
 */
export class Meter {
  /** Requests begun, whatever became of them. */
  requests = 0;
  /** Tokens of the requests that were answered. */
  tokens = 0;
  /** Whether some of the tokens were counted here, because the provider did not tell. */
  estimated = false;

  asked(): void {
    this.requests++;
  }

  /** @param tokens as the provider counted them, where it did. */
  answered(texts: readonly string[], tokens?: number): void {
    this.tokens += tokens ?? estimateAll(texts);
    this.estimated ||= tokens === undefined;
  }
}

/** Estimates the tokens of some texts together. */
export const estimateAll = (texts: readonly string[]): number =>
  texts.reduce((sum, text) => sum + estimateTokens(text), 0);
