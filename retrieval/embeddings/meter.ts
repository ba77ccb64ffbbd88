/** English letters of a token, on average: local models and some servers do not tell. */
const CHARACTERS_PER_TOKEN = 4;

/** What was really asked of a model on the way to some vectors; what a cache had is not. Filled in by who asks. */
export class Meter {
  /** Requests begun, whatever became of them. */
  requests = 0;
  /** Tokens of the requests that were answered. */
  tokens = 0;
  /** Whether some of the tokens were counted here, because nobody told. */
  estimated = false;

  asked(): void {
    this.requests++;
  }

  /** @param tokens as the provider counted them, where it did. */
  answered(texts: readonly string[], tokens?: number): void {
    this.tokens += tokens ?? estimateTokens(texts);
    this.estimated ||= tokens === undefined;
  }
}

export const estimateTokens = (texts: readonly string[]): number =>
  Math.ceil(texts.reduce((sum, text) => sum + text.length, 0) / CHARACTERS_PER_TOKEN);
