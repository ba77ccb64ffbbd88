import type { Lexicon, Rule } from '../lexicon/lexicon.ts';
import type { MemoryKind } from '../memories/store.ts';
import { isHollow } from './make-believe.ts';
import { anyOf, isDenial, isIronic, isTakenBack, isUnsure } from './moods.ts';
import { isRemark } from './remarks.ts';
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
  if (isIronic(core)) return undefined;
  for (const sentence of [core, core.replace(OPENING, '')]) {
    const found = ruleFor(sentence, lexicon, lexicon.rules);
    if (found) return fact(text.slice(-sentence.length), found.rule, found.match, lexicon);
  }
  if (isDenial(core)) return undefined;
  const plain = lexicon.rules.filter(({ kind, isRequest }) => kind !== 'INSTRUCTION' && !isRequest);
  for (const { start, end } of turnsOf(core, lexicon)) {
    const sentence = core.slice(end).replace(/^[\s,，、]+/u, '');
    const found = leavesOpen(core.slice(0, start), lexicon) ? undefined : ruleFor(sentence, lexicon, plain);
    if (found) return fact(capitalised(text.slice(-sentence.length)), found.rule, found.match, lexicon);
  }
  return undefined;
}

function ruleFor(sentence: string, lexicon: Lexicon, rules: readonly Rule[]) {
  for (const rule of rules) {
    const match = rule.pattern.exec(sentence);
    if (match && isMeant(sentence, rule, lexicon)) return { rule, match };
  }
  return undefined;
}

/**
 * Returns whether what the speaker goes on with may be meant otherwise, by what comes before: "I told them I cannot eat
 * it because I am …", "She's like, cool, but I am …". It is meant where they have spoken of themselves alone ("I'd love
 * to, but I am …"), or thank or praise ("Sounds good, but I am …").
 */
function leavesOpen(
  before: string,
  { self, possessive, other, reported, negation, noNegation = /$^/gu, fiction, language }: Lexicon,
): boolean {
  const words = before.trimEnd().split(/\s+/);
  const last = SPACELESS.has(language) ? before.replace(noNegation, '').slice(-4) : words.slice(-2).join(' ');
  const ofThemselves = self.test(before.replaceAll(new RegExp(possessive, 'giu'), '')) && !other.test(before);
  return (
    !(ofThemselves || isRemark(before)) ||
    /[:：;；]/u.test(before) ||
    reported.test(before) ||
    fiction.test(before) ||
    isUnsure(before) ||
    negation.test(last) ||
    CONDITION.test(before) ||
    STAGE.test(before)
  );
}

const SPACELESS = new Set(['zh', 'ja']);
/** What begins with a condition ends with what follows from it. */
const CONDITION = anyOf(
  `if|when(?:ever)?|unless|suppose|imagine|wenn|falls|sofern|si|quand|imagine[zr]?|cuando|imagina|se|quando|immagina|imagine|als|wanneer|stel|если|когда|представь`,
  '如果|要是|假如|当|もし|たら|れば|仮に',
);
/** Where people speak as another than themselves, or a text speaks. */
const STAGE = anyOf(
  `play(?:s|ed|ing)?|roles?|stage|games?|characters?|costumes?|scripts?|dream(?:s|t|ed)?|another life|rolle|spiel\\p{L}*|theater\\p{L}*|bühne|kostüm|traum|jeu|
  joue|rôle|scène|rêve|juego|juga\\p{L}*|papel|escena\\p{L}*|sueñ\\p{L}*|gioco|ruolo|palco|sogn\\p{L}*|jogo|sonh\\p{L}*|spel|toneel|droom|игр\\p{L}*|рол\\p{L}*|сцен\\p{L}*|
  hero(?:es|ine)?|villain|protagonist|narrator|jokes?|examples?|prompts?|templates?|drafts?|translations?|held(?:in)?|witz|beispiel|entwurf|héro(?:s|ïne)|blague|
  exemple|héroe|heroína|chiste|ejemplo|eroe|eroina|barzelletta|esempio|herói|piada|exemplo|grap|voorbeeld|геро\\p{L}*|шутк\\p{L}*|пример\\p{L}*|songs?|lyrics|lines?|verses?|sentences?|phrases?|chapters?|titles?|captions?|slogans?|e-?mails?|letters?|messages?|texts?|stor(?:y|ies)|books?|films?|movies?|
  lied\\p{L}*|satz|zeile|kapitel|titel|brief|nachricht|geschichte|buch|chanson|phrase|chapitre|titre|lettre|histoire|livre|canción|frase|capítulo|título|carta|
  historia|libro|película|canzone|capitolo|titolo|lettera|storia|libro|canção|música|livro|história|filme|liedje|zin|hoofdstuk|verhaal|boek|песн\\p{L}*|фраз\\p{L}*|
  строк\\p{L}*|письмо|книг\\p{L}*|фильм\\p{L}*`,
  '主角|笑话|例子|翻译|主人公|冗談|例は|翻訳|游戏|角色|扮演|舞台|梦|歌|句|信|书|电影|小说|故事|ゲーム|役|台本|舞台|夢|歌|文|手紙|本は|映画|小説|物語',
);

/** Sentences begin with a capital letter, where there are any. */
const capitalised = (text: string): string => text.replace(/^\p{Ll}/u, (letter) => letter.toUpperCase());

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
  return (
    isDenial(sentence) ||
    isUnsure(sentence.slice(0, end)) ||
    isTakenBack(sentence.slice(end)) ||
    isAttributed(sentence, lexicon)
  );
}

/** "I am vegan, said the fox", "I am vegan, according to Bob": a later clause begins with whose words these are. */
const isAttributed = (sentence: string, { reported }: Lexicon): boolean =>
  sentence
    .split(/[,，、;；]\s*/)
    .slice(1)
    .some((clause) => clause.search(reported) === 0);

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
