import type { SemanticRule } from '../catalogue/catalogue.ts';
import type { ChatMessage } from '../messages.ts';
import { senseOf } from './semantic-guard.ts';

interface Entry {
  readonly vector: Float32Array;
  readonly sense: string;
  /** Key of the reply in the reply cache. */
  readonly reply: string;
  readonly until: number;
}

/** A function that makes vectors in the name of the caller. */
export type EmbedPrompt = (texts: readonly string[]) => Promise<readonly Float32Array[]>;

const MAX_PARTITIONS = 1_000;
const MAX_ENTRIES = 500;
/** A long prompt is rarely asked twice in other words. */
const MAX_CHARACTERS = 2_000;

/**
 * The index that finds the kept reply of a prompt that says the same in other words. An entry counts only within its
 * partition (who asks, which model, which parameters, which conversation before it), when its cosine reaches the
 * threshold and when both prompts have the same words of sense (semantic-guard.ts).
 */
export class SemanticIndex {
  readonly #partitions = new Map<string, Entry[]>();

  /** The text that may be worded otherwise: a last message that is a user's plain text. */
  static promptOf(messages: readonly ChatMessage[]): string | undefined {
    const last = messages.at(-1);
    return last?.role === 'user' && typeof last.content === 'string' && last.content.length <= MAX_CHARACTERS
      ? last.content
      : undefined;
  }

  /** The key of a reply, or undefined. */
  async find(
    partition: string,
    prompt: string,
    rule: SemanticRule,
    embed: EmbedPrompt,
    now = Date.now(),
  ): Promise<string | undefined> {
    const sense = senseOf(prompt);
    const alike = (this.#partitions.get(partition) ?? []).filter((entry) => entry.until > now && entry.sense === sense);
    if (sense === '' || alike.length === 0) return undefined;
    const [vector] = await embed([prompt]);
    if (!vector) return undefined;
    const best = alike
      .map((entry) => ({ entry, score: cosine(entry.vector, vector) }))
      .toSorted((a, b) => b.score - a.score)[0];
    return best && best.score >= rule.threshold ? best.entry.reply : undefined;
  }

  async add(
    partition: string,
    prompt: string,
    reply: string,
    rule: SemanticRule,
    embed: EmbedPrompt,
    now = Date.now(),
  ): Promise<void> {
    const [vector] = await embed([prompt]);
    if (!vector) return;
    const entries = (this.#partitions.get(partition) ?? []).filter(
      (entry) => entry.until > now && entry.reply !== reply,
    );
    entries.push({ vector, sense: senseOf(prompt), reply, until: now + rule.ttlMs });
    // Maps keep the order of insertion: the partition used longest ago goes first.
    this.#partitions.delete(partition);
    this.#partitions.set(partition, entries.slice(-MAX_ENTRIES));
    if (this.#partitions.size > MAX_PARTITIONS) this.#partitions.delete(this.#partitions.keys().next().value!);
  }
}

function cosine(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return 0;
  let dot = 0;
  let [normA, normB] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    dot += a[i]! * b[i]!;
    normA += a[i]! ** 2;
    normB += b[i]! ** 2;
  }
  return normA === 0 || normB === 0 ? 0 : dot / Math.sqrt(normA * normB);
}
