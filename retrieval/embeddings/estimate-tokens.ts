/** A character of a script whose characters are tokens of their own, more or less. */
const DENSE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Emoji_Presentation}]/gu;

/**
 * Estimates the tokens of a text from its length: four characters a token, as tokenizers take for English, and one for
 * scripts without spaces. It is off by a fifth or so. Local models and some servers do not tell; chat models count with
 * their tokenizer instead.
 */
export function estimateTokens(text: string): number {
  const dense = text.match(DENSE)?.length ?? 0;
  return Math.ceil((text.length - dense) / 4 + dense);
}
