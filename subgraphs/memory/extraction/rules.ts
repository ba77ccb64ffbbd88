import type { MemoryKind } from '../memories/store.ts';

/** The fact that the rules found: the user's own sentence, and what it is about where that is certain. */
export interface RuleFact {
  readonly text: string;
  readonly kind: MemoryKind;
  readonly importance: number;
  /** A newer fact of the same slot supersedes the older. */
  readonly slot: string | undefined;
}

interface Rule {
  readonly pattern: RegExp;
  readonly kind: MemoryKind;
  readonly importance: number;
  readonly slot?: string | ((match: RegExpExecArray) => string);
}

/** First-person statements of lasting worth, in English. Each must begin its sentence: "if I live in …" is none. */
const RULES: readonly Rule[] = [
  { pattern: /^my (?:full |first |last )?name is \p{L}/iu, kind: 'FACT', importance: 0.9, slot: 'name' },
  { pattern: /^(?:please )?call me \p{Lu}/u, kind: 'INSTRUCTION', importance: 0.9, slot: 'nickname' },
  {
    pattern: /^i(?:'m| am)? (?:now |currently )?(?:live|living|based|reside) in \p{L}/iu,
    kind: 'FACT',
    importance: 0.8,
    slot: 'home',
  },
  { pattern: /^i(?:'ve| have)? (?:just |recently )?moved to \p{L}/iu, kind: 'FACT', importance: 0.8, slot: 'home' },
  { pattern: /^i (?:now |currently )?work (?:at|for) \p{L}/iu, kind: 'FACT', importance: 0.7, slot: 'employer' },
  { pattern: /^i (?:now |currently )?work as (?:an? )?\p{L}/iu, kind: 'FACT', importance: 0.7, slot: 'occupation' },
  { pattern: /^my birthday is \S/i, kind: 'FACT', importance: 0.8, slot: 'birthday' },
  { pattern: /^i(?:'m| am) (?:severely |very )?allergic to \p{L}/iu, kind: 'FACT', importance: 0.9 },
  { pattern: /^i(?:'m| am) (?:an? )?(?:vegan|vegetarian|pescatarian)\b/i, kind: 'FACT', importance: 0.8, slot: 'diet' },
  {
    pattern: /^my favou?rite ([\p{L} ]{1,30}?) (?:is|are) \S/iu,
    kind: 'PREFERENCE',
    importance: 0.6,
    slot: (match) => `favourite ${match[1]!.toLowerCase().trim()}`,
  },
  {
    pattern: /^i (?:really |absolutely )?(?:prefer|love|hate|dislike|can't stand) \p{L}/iu,
    kind: 'PREFERENCE',
    importance: 0.6,
  },
  {
    pattern: /^(?:please )?(?:always|never) (?:answer|reply|respond|write|use|call|address)\b/i,
    kind: 'INSTRUCTION',
    importance: 0.7,
  },
];

const REMEMBER = /^(?:please,? )?(?:remember|note|keep in mind|don't forget)(?: that|:)\s+(?=\S)/i;
const MAX_SENTENCE = 300;
const MAX_FACTS = 10;

/**
 * Memories without a language model: sentences in which the user plainly says something about themselves, or asks for
 * it to be remembered. Kept word by word. Meant to miss most and to invent nothing.
 */
export function extractByRules(text: string): RuleFact[] {
  const facts: RuleFact[] = [];
  for (const sentence of sentencesOf(text)) {
    if (facts.length === MAX_FACTS) break;
    const fact = factOf(sentence);
    if (fact) facts.push(fact);
  }
  return facts;
}

function factOf(sentence: string): RuleFact | undefined {
  const told = sentence.replace(REMEMBER, '');
  const core = told.replace(/^(?:hi|hello|hey|well|also|and|by the way|btw|oh|actually)[,!.]? +/i, '');
  for (const { pattern, kind, importance, slot } of RULES) {
    const match = pattern.exec(core.replaceAll('’', "'"));
    if (match) return { text: core, kind, importance, slot: typeof slot === 'function' ? slot(match) : slot };
  }
  if (told !== sentence) return { text: told, kind: 'FACT', importance: 0.8, slot: undefined };
  return undefined;
}

/** Sentences that state something. Quotations, code and questions are another person's words or none. */
function sentencesOf(text: string): string[] {
  return text
    .slice(0, 20_000)
    .replace(/```[^`]*(?:```|$)/g, '\n')
    .split('\n')
    .filter((line) => !/^\s*[>|]/.test(line))
    .flatMap((line) => line.split(/(?<=[.!?])\s+/))
    .map((sentence) => sentence.trim())
    .filter((sentence) => sentence.length <= MAX_SENTENCE && !sentence.endsWith('?'));
}
