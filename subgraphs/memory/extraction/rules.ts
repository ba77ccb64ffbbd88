import type { Lexicon, Rule } from '../lexicon/lexicon.ts';
import type { MemoryKind } from '../memories/store.ts';
import { isHollow } from './make-believe.ts';
import { isDenial, isIronic, isTakenBack, isUnsure } from './moods.ts';
import { MASK, type Statement, statementsOf } from './statements.ts';
import { turnsOf } from './turns.ts';

/** The fact that the rules found: the user's own sentence, and what it is about where that is certain. */
export interface RuleFact {
  readonly text: string;
  readonly kind: MemoryKind;
  readonly importance: number;
  /** A newer fact of the same slot supersedes the older. */
  readonly slot: string | undefined;
  /** The name that an older fact must hold to be ended by this one, which says that it is no longer so. */
  readonly ends: string | undefined;
}

const MAX_SENTENCE = 300;
const MAX_FACTS = 10;
/** What people begin with before they say something. */
const OPENING =
  /^(?:(?:hi|hello|hey|well|also|and|by the way|btw|oh|ok|okay|actually|just so you know|fyi|hallo|hi|übrigens|also|und|bonjour|salut|au fait|d['’]ailleurs|et|hola|por cierto|y|ciao|comunque|a proposito|e|olá|oi|a propósito|hoi|trouwens|en|привет|кстати|и|你好|您好|对了|顺便说一下|こんにちは|ちなみに|実は)(?: (?:there|again|zusammen|all))?[,!.，、！：:]? *|(?:sure|yes|of course|ja|klar|oui|bien sûr|sí|claro|sì|certo|sim|да|конечно|对|是的|はい)[,，、] *|(?:i(?:'m| am) afraid|ich fürchte,|me temo que|боюсь,) +)+(?=[^\s])/iu;

/**
 * Memories without a language model: sentences in which the user plainly says something about themselves, or asks for
 * it to be remembered, in the languages that have a lexicon. Kept word by word. Meant to miss most and to invent
 * nothing.
 */
export function extractByRules(text: string): RuleFact[] {
  const facts: RuleFact[] = [];
  for (const statement of statementsOf(text)) {
    if (facts.length === MAX_FACTS) break;
    const fact = factOf(statement);
    if (fact) facts.push(fact);
  }
  return facts;
}

function factOf({ text, lexicon, isQuestion, isUnmeant }: Statement): RuleFact | undefined {
  if (isQuestion || isUnmeant || text.length > MAX_SENTENCE || text.includes(MASK)) return undefined;
  const core = text.replaceAll('’', "'");
  for (const sentence of [core, core.replace(OPENING, '')]) {
    for (const rule of lexicon.rules) {
      const match = rule.pattern.exec(sentence);
      if (match && !isIronic(core) && isMeant(sentence, rule, lexicon))
        return fact(text.slice(-sentence.length), rule, match, lexicon);
    }
  }
  return undefined;
}

/** Rules that take any words look at them; what is wanted of this answer alone is not a wish for all. */
function isMeant(sentence: string, { kind, slot, isRequest }: Rule, lexicon: Lexicon): boolean {
  if (kind === 'INSTRUCTION' && slot === undefined) return !lexicon.here.test(sentence);
  if (isHollow(sentence, slot) || (kind === 'FACT' && isDoubted(sentence.toLowerCase(), lexicon))) return false;
  if (isRequest) {
    const told = withoutRequest(sentence, lexicon);
    return !lexicon.here.test(told) && !lexicon.hypothetical.test(told) && !lexicon.question.test(told);
  }
  return true;
}

/** "I live in Oslo and I wonder where to swim" is not in doubt of the first. */
function isDoubted(sentence: string, lexicon: Lexicon): boolean {
  const end = turnsOf(sentence, lexicon)[0]?.start ?? sentence.length;
  return isDenial(sentence) || isUnsure(sentence.slice(0, end)) || isTakenBack(sentence.slice(end));
}

function fact(
  text: string,
  { kind, importance, slot, ends, isRequest }: Rule,
  match: RegExpExecArray,
  lexicon: Lexicon,
): RuleFact {
  const caught = match
    .slice(1)
    .find((group) => group !== undefined)
    ?.toLowerCase()
    .replace(/[\s.,!?。！]+$/u, '');
  return {
    text: isRequest ? withoutRequest(text, lexicon) : text,
    kind,
    importance,
    slot: slot?.replace('$1', caught ?? ''),
    ends: ends ? (caught ?? '') : undefined,
  };
}

/** "Please remember that the gate code is 4711" is remembered without the request. */
const withoutRequest = (text: string, { language }: Lexicon): string =>
  language === 'ja' ? text : text.replace(REQUEST, '');

const REQUEST =
  /^(?:please,? |bitte )?(?:remember|note|keep in mind|don['’]t forget|merke? dir|souviens-toi|rappelle-toi|n['’]oublie pas|retiens|recuerda|no olvides|ricorda(?:ti)?|non dimenticare|lembre-se de|lembra-te de|lembre|não (?:se )?esqueça(?: de)?|onthoud|vergeet niet|запомни|не забудь|请?记住)(?:,? (?:that|dass|que|che|dat|что)(?= )| que(?= ))?[,:：，]?\s*/iu;
