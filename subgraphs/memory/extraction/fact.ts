import { queryWords, words } from '#retrieval/vectors/words.ts';
import { lexiconOf } from '../lexicon/languages.ts';
import type { Lexicon } from '../lexicon/lexicon.ts';
import type { MemoryKind } from '../memories/store.ts';
import { conceptsIn, isOccupation, numbersIn } from './concepts.ts';
import { isHollow } from './make-believe.ts';
import { isDenial, isIronic, isTakenBack, isUnsure, isWish } from './moods.ts';
import { type Statement, statementsOf } from './statements.ts';
import { type Clause, clauseOf, isAbout } from './subject.ts';
import { isPast, topicsOf } from './topics.ts';
import { turnsOf } from './turns.ts';

/** A fact that an extractor claims a user has said. */
export interface ClaimedFact {
  readonly text: string;
  /** The words of the user that say it. */
  readonly quote: string;
  readonly kind: MemoryKind;
  readonly importance: number;
  /** Id of a known memory whose place it takes. */
  readonly replaces: string | undefined;
}

const MAX_FACT = 500;
/** In letters; those of scripts that write a word with one or two count twice. */
const SHORTEST_QUOTE = 6;

/**
 * Returns what to remember of a claim: its text, or the user's own sentence where the text is in another language and
 * names what cannot be compared. Undefined where the message does not say it.
 *
 * It says it, in any language, when the quotation stands in it word by word, in a sentence that the user means and that
 * is about the user, and the claim neither turns it round nor adds a name, a number or a subject. An audit of another
 * system found nearly all of its memories to be inventions or restated prompts; this is the guard against that.
 */
export function textOf(fact: ClaimedFact, source: string): string | undefined {
  if (fact.text.length > MAX_FACT || lengthOf(fact.quote) < SHORTEST_QUOTE) return undefined;
  const quote = plain(fact.quote).replace(/^[\s.,;:!?。、！？…-]+|[\s.,;:!?。、！？…-]+$/gu, '');
  const statements = statementsOf(source);
  for (const [i, statement] of statements.entries()) {
    const said = plain(statement.text);
    const at = said.indexOf(quote);
    // A quotation of several sentences counts by each of them that stands in the message as it is quoted.
    const part = at >= 0 ? quote : quote.includes(said.replace(/[.!?。！？…]+$/u, '')) ? said : undefined;
    if (part === undefined || lengthOf(part) < SHORTEST_QUOTE) continue;
    const text = said === '' ? undefined : judged(fact, statement, part, Math.max(0, at), source, statements[i - 1]);
    if (text !== undefined) return text;
  }
  return undefined;
}

function judged(
  fact: ClaimedFact,
  statement: Statement,
  quote: string,
  at: number,
  source: string,
  before: Statement | undefined,
): string | undefined {
  const { lexicon } = statement;
  const said = plain(statement.text);
  if (statement.isUnmeant) return undefined;
  if ([...topicsOf(fact.text).keys()].some((topic) => isHollow(statement.text, topic))) return undefined;
  if (fact.kind === 'INSTRUCTION' && lexicon.here.test(said)) return undefined;
  const claim = lexiconOf(fact.text);
  const clause = clauseOf(said, at, quote, lexicon);
  if (statement.isQuestion && !isGivenIn(said, quote, at, clause.text, lexicon)) return undefined;
  if (isHypothetical(clause, lexicon) && !claim.hypothetical.test(fact.text) && !isGiven(quote, lexicon))
    return undefined;
  if (isUnreal(fact, said, at + quote.length, clause, lexicon)) return undefined;
  if (isMentioned(clause, lexicon)) return undefined;
  if (isReported(clause.before, said.slice(at + quote.length), lexicon)) return undefined;
  if (isNegative(clause.text, lexicon) !== isNegative(fact.text, claim)) return undefined;
  if (!isAbout(fact, clause, lexicon, before?.text)) return undefined;
  return addsNothing(fact.text, claim, statement, clause, source);
}

/** "I want to live in Rome" tells a wish, "it feels as if I did" nothing, "oh great, I love queues" the contrary. */
function isUnreal(
  { text, kind }: ClaimedFact,
  said: string,
  end: number,
  { before, after }: Clause,
  lexicon: Lexicon,
): boolean {
  if (isDenial(said) || isTakenBack(said.slice(end))) return true;
  // What is wished or doubted before the speaker begins a statement of their own does not govern it.
  const turn = turnsOf(said.slice(0, end), lexicon).findLast((one) => one.end <= before.length);
  const upTo = said.slice(turn?.end ?? 0, end);
  const isTaste = kind !== 'FACT' || topicsOf(text).has('taste');
  if (isTaste ? isIronic(said) : isWish(upTo) && !isWish(text)) return true;
  return isUnsure(kind === 'INSTRUCTION' ? upTo : `${upTo}${after}`) && !isUnsure(text);
}

/** "Where can I take my dog Rex?" says that there is a dog, and no more. */
const isGiven = (quote: string, { possessive }: Lexicon): boolean => quote.search(possessive) === 0;

/** "I am allergic to nuts, what can I cook?" states before it asks. */
function isGivenIn(said: string, quote: string, at: number, clause: string, lexicon: Lexicon): boolean {
  if (isGiven(quote, lexicon)) return true;
  const after = said.slice(at + quote.length);
  return /[,;:—–、，]/u.test(after) && lexicon.self.test(clause) && !lexicon.question.test(clause);
}

/** "As I said, I live in Oslo" is the user's; "My sister says I live in the past" is not. */
function isReported(before: string, after: string, { reported, reportedAfter, subject }: Lexicon): boolean {
  // "All think that I am a lawyer, but I am a baker": what comes after the turn is the user's again.
  const own = before.slice(Math.max(0, ...[...before.matchAll(TURN)].map(({ index }) => index)));
  const [verb, self] = [own.search(reported), own.search(subject)];
  if (reportedAfter?.test(after) && self < 0) return true;
  return verb >= 0 && (self < 0 || self > verb);
}

const TURN = /[,，、;；]\s*(?:(?:but|aber|mais|pero|però|ma|mas|maar|но)(?!\p{L})|但|其实|不过)/giu;

/** "I live in Nantes is a weak first line" tells of the line; "what I love is tea" of the speaker. */
const isMentioned = ({ before, quote, after }: Clause, { subject }: Lexicon): boolean =>
  quote.search(subject) === 0 && TOLD_OF.test(after) && !RELATIVE.test(before);

const TOLD_OF =
  /^ (?:is|was|would (?:be|fit|sound)|sounds|ist|war|wäre|steht|klingt|est|serait|sonne|es|sería|suena|è|sarebbe|é|seria|soa|klinkt) (?!(?:where|wo|où|donde|dove|onde|waar)(?!\p{L}))\p{L}/u;
const RELATIVE =
  /(?<!\p{L})(?:what|where|all|why|how|thing|place|reason|was|wo|wie|alles|ce que|où|que|donde|che|dove|onde|wat|waar|hoe) *$/u;

/** "If I lived in Rome, I'd speak Italian": what a condition begins is not a fact to its end. */
const isHypothetical = ({ text, earlier }: Clause, { hypothetical }: Lexicon): boolean =>
  hypothetical.test(text) ||
  CONDITION.test(text) ||
  earlier.some((clause) => clause.trim().search(hypothetical) === 0 || CONDITION.test(clause));

/** The word with which a condition, or what nearly was, begins, whatever language a short sentence is taken for. */
const CONDITION =
  /^\s*(?:if|wenn|falls|si|se|als|indien|если|如果|要是|假如|もし|(?:casi|quase|quasi) m[ei])(?![\p{Script=Latin}\p{Script=Cyrillic}])|(?<=[るくぐすつぬむぶいだた])とし(?:ます|たら)?$/u;

const isNegative = (text: string, { negation, noNegation }: Lexicon): boolean =>
  negation.test(noNegation === undefined ? plain(text) : plain(text).replace(noNegation, ' '));

/** Whether the claim is made of what the sentence has; see textOf for the three outcomes. */
function addsNothing(
  text: string,
  claim: Lexicon,
  { lexicon, text: sentence }: Statement,
  { text: clause, quote }: Clause,
  source: string,
): string | undefined {
  const has = numbersIn(source);
  if ([...numbersIn(text)].some((number) => number !== '1' && !has.has(number))) return undefined;
  const [claimed, said] = [conceptsIn(text), conceptsIn(sentence)];
  const told = within(claimed.found, said.found) ? said : conceptsIn(source);
  if (!within(claimed.found, told.found)) return undefined;
  const topics = topicsOf(`${clause} ${quote}`);
  if (isPast(`${clause} ${quote}`) && !isPast(text)) return undefined;
  // "A vegetarian skeptic" is none: what a quotation ends with must not go on.
  if (topics.has('diet') && COMPOUND.test(clause.slice(clause.indexOf(quote) + quote.length))) return undefined;
  const isJob = [...claimed.found].some((concept) => isOccupation(concept));
  for (const topic of topicsOf(text).keys()) {
    if (DECIDING.has(topic) && !topics.has(topic) && !(topic === 'employer' && isJob)) return undefined;
  }
  const known = new Set(words(source).map(shortened));
  const unknown = (word: string) => words(word).some((part) => !known.has(shortened(part)) && !/^\d+$/.test(part));
  const rest = claimed.rest.replace(USER, ' ');
  const names = namesIn(rest).filter(unknown);
  if (claim === lexicon) {
    if (claim.language === 'en' && /\b(?:lives?|living) in\b/.test(text) && !PLACE.test(text)) return undefined;
    if (names.length > 0) return undefined;
    const telling = queryWords(rest).filter((word) => isTelling(word, claim));
    const specific = telling.filter((word) => known.has(shortened(word))).length;
    if (telling.length > 0 && specific / telling.length < LEAST_SUPPORT) return undefined;
    return telling.length > 0 || claimed.found.size > 0 || sharesWord(text, sentence) ? text : undefined;
  }
  return names.length > 0 ? sentence : text;
}

const within = (some: ReadonlySet<number>, all: ReadonlySet<number>): boolean => [...some].every((one) => all.has(one));

/** The user, as claims name them. */
const USER =
  /(?<![\p{L}])(?:the user(?:['’]s)?|der nutzer|die nutzerin|der benutzer|die benutzerin|des nutzers|(?:l['’])?utilisat(?:eur|rice)|(?:el|la|del) usuari[oa]|(?:l['’])?utente|(?:o|a) usuári[oa]|(?:o|a) utilizadora?|de gebruiker|пользовател[ья]|пользовательница)(?![\p{L}])|用户的?|ユーザーの?/giu;

/** A noun goes on; what relates it to something else does not. */
const COMPOUND =
  /^ (?!(?:and|or|but|since|for|now|too|also|who|by|at|in|from|with|because|these|this|again|already|most|und|seit|et|depuis|y|desde|e|da|dal|en|sinds|и|с)(?!\p{L}))\p{L}/u;

/** Where one can live; "in fear" is none. */
const PLACE =
  /\b(?:in|near|of) (?:the |an? )?(?:\p{Lu}|(?:\p{Ll}+ ){0,3}(?:flat|house|apartment|village|town|city|suburb|farm|country|dorm|home|cottage|van|boat|studio|hostel|castle|north|south|east|west)\b)/u;

/** The topics by which a claim stands or falls: "commutes to Brussels" does not tell where a person lives. */
const DECIDING: ReadonlySet<string> = new Set(['home', 'employer', 'birthday', 'allergy', 'diet']);

const isTelling = (word: string, { frequent }: Lexicon): boolean =>
  !GENERAL.has(word) &&
  !REMAINDER.test(word) &&
  !/^\d+$/.test(word) &&
  !(/^\p{Script=Latin}/u.test(word) && (word.length < 3 || frequent.test(word))) &&
  numbersIn(word).size === 0;

/** What is left of a script without spaces where a concept was taken out: "用户是", the vegetarian, "者". */
const REMAINDER = /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]$/u;

/** Share of the claim's own words, beside those that every claim has, that the message must have too. */
const LEAST_SUPPORT = 0.6;

const sharesWord = (text: string, sentence: string): boolean => {
  const has = new Set(words(sentence).map(shortened));
  return words(text).some((word) => !IDLE.has(word) && has.has(shortened(word)));
};

/** Different endings of one word are alike in their first letters. */
const shortened = (word: string): string =>
  /^\p{Script=Latin}|^\p{Script=Cyrillic}/u.test(word) ? word.slice(0, 5) : word;

/** What is written as a name inside a text; the first word is written so anyway. */
const namesIn = (text: string): string[] => text.match(/(?<=[\p{L}\p{N},;:»”)] +)\p{Lu}[\p{L}\p{N}]+/gu) ?? [];

const lengthOf = (text: string): number =>
  text.trim().length +
  (text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu)?.length ?? 0);

/** Without the differences that a model introduces when it copies. */
const plain = (text: string): string =>
  text
    .normalize('NFKC')
    .toLowerCase()
    .replace(/[‘’]/g, "'")
    .replace(/[“”„«»]/g, '"')
    .replace(/\s+/g, ' ')
    .trim();

const IDLE = new Set(words('the a an is are was has have of to in at for with and that this user who'));

/** Words by which a claim says how the user is related to something; what it is related to has to be in the source. */
const GENERAL = new Set(
  words(
    `user users person people live lives living reside resides based move moved moves relocated work works working job employed
    employer employee company like likes love loves enjoy enjoys prefer prefers preferred preference dislike dislikes hate hates
    want wants wish wishes need needs has have had own owns keep keeps name named called calls born birthday birth date allergic
    allergy allergies favourite favorite favourites married plays play study studies studying learn learns learning speak speaks
    drive drives home city town country currently recently now old age years year always never reply replies respond responds
    responses response answer answers answered eat eats diet pet use uses using suffers practice practises practices hobby interested
    interest goes longer anymore quit left stopped former does not do their his her its they them who should must very really
    nutzer benutzer nutzerin benutzerin person wohnt lebt arbeitet heißt mag bevorzugt hasst hat besitzt spricht ist war
    utilisateur utilisatrice habite vit travaille appelle aime préfère déteste possède parle usuario usuaria vive trabaja llama
    gusta prefiere odia tiene habla utente abita lavora chiama piace preferisce odia possiede parla utilizador usuário usuária mora
    trabalha chama gosta prefere odeia tem fala gebruiker woont werkt heet houdt haat heeft spreekt пользователь пользовательница
    живёт живет работает зовут любит предпочитает ненавидит имеет говорит`,
  ),
);
