import { numberInput } from '../input.ts';
import type { MemoryParts } from '../parts.ts';
import type { RecalledItem } from './item.ts';
import { sourceOf } from './quoted.ts';
import { coverage, recall } from './recall.ts';

export const EXTRACTIVE_MODEL = 'local-retrieval';

export const NOTICE =
  'No language model is configured. This is a quotation of what memory and knowledge hold, not an answer written for you.';

const NOTHING = 'Nothing stored matches your question.';

/** Share of a question's telling words that a passage must have to count without being similar in meaning. */
const ENOUGH_WORDS = 0.6;
/** More than needed are recalled, so that there is a choice after the strict look at each. */
const CANDIDATES = 20;
const CANDIDATE_TOKENS = 20_000;

export interface ExtractiveAnswer {
  readonly text: string;
  readonly found: boolean;
  readonly model: string;
  readonly notice: string;
  readonly quotes: readonly RecalledItem[];
}

/**
 * Answers with quotations. What is quoted must be similar enough in meaning, by the threshold of the embedding model,
 * or share most of the question's words: better no answer than a wrong one that looks like an answer.
 */
export async function extractiveAnswer(
  memory: Pick<MemoryParts, 'db' | 'indexes' | 'transcripts'>,
  userId: string,
  input: { readonly question: string; readonly conversationId?: string | null; readonly limit: number },
  signal?: AbortSignal,
): Promise<ExtractiveAnswer> {
  const limit = numberInput('input.limit', input.limit, 1, 10);
  const question = questionIn(input.question);
  const { items, model } = await recall(
    memory,
    userId,
    {
      query: question,
      conversationId: input.conversationId ?? null,
      // Messages repeat the question; what was said before is in front of the reader anyway.
      kinds: ['MEMORY', 'KNOWLEDGE'],
      tokenBudget: CANDIDATE_TOKENS,
      limit: CANDIDATES,
      profile: false,
    },
    signal,
  );
  const threshold = model === undefined ? 1 : await memory.indexes.threshold(model);
  const quotes = items.filter((item) => answers(question, item, threshold)).slice(0, limit);
  const found = quotes.length > 0;
  const text = found ? `${NOTICE}\n\n${quotes.map(quotation).join('\n\n')}` : `${NOTHING} ${NOTICE_WITHOUT_QUOTES}`;
  return { text, found, model: EXTRACTIVE_MODEL, notice: NOTICE, quotes };
}

/** "I am in a hurry. When does the ferry go?" asks about the ferry: what is said beside a question only blurs it. */
function questionIn(text: string): string {
  const questions = text.split(/(?<=[.!?？。！])\s+/).filter((sentence) => /[?？]$/.test(sentence.trim()));
  return questions.length > 0 ? questions.join(' ') : text;
}

const NOTICE_WITHOUT_QUOTES =
  'No language model is configured, so it cannot be answered otherwise: configure one, or add documents and memories.';

const answers = (question: string, item: RecalledItem, threshold: number): boolean =>
  (item.similarity ?? 0) >= threshold || coverage(question, item.text) >= ENOUGH_WORDS;

/** Each line of the quotation is marked, so that nothing in it reads as a heading or as words of the responder. */
const quotation = (item: RecalledItem, index: number): string => {
  const lines = item.text.split('\n').map((line) => `> ${line}`.trimEnd());
  return `${lines.join('\n')}\n\n[${index + 1}] ${sourceOf(item)}`;
};
