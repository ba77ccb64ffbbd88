import type { Lexicon } from '../lexicon/lexicon.ts';
import { conceptsIn } from './concepts.ts';

/** The clause of a sentence in which a quotation stands. All texts are in lower case. */
export interface Clause {
  readonly text: string;
  /** What of the whole sentence comes before the quotation. */
  readonly before: string;
  /** The clauses of the sentence before this one, the nearest first. */
  readonly earlier: readonly string[];
  readonly quote: string;
  /** What of the clause comes behind the quotation. */
  readonly after: string;
}

const BREAK = /[,;:—–、，；：()]+\s*/u;

/** Returns the clause around a quotation: what stands between commas and joints. */
export function clauseOf(sentence: string, at: number, quote: string, { joint }: Lexicon): Clause {
  const before = sentence.slice(0, at);
  const breaks = pieces(before, joint);
  const start = breaks.pop() ?? '';
  const after = sentence.slice(at + quote.length);
  const end = pieces(after, joint)[0] ?? '';
  return { text: `${start}${quote}${end}`, before, earlier: breaks.reverse(), quote, after: end };
}

/** Cuts a text at punctuation and joints; the last piece is what stands directly before its end. */
function pieces(text: string, joint: Lexicon['joint']): string[] {
  const cut = new RegExp(`${BREAK.source}|${joint.source}`, 'iu');
  return text.split(new RegExp(cut.source, 'giu'));
}

/**
 * Returns whether a claim about the user may be made of a clause: its subject is the user, or the claim names who or
 * what the subject is.
 */
export function isAbout(
  { text: claim, kind }: { readonly text: string; readonly kind: string },
  clause: Clause,
  lexicon: Lexicon,
  previous: string | undefined,
): boolean {
  const subject = subjectOf(clause.text, clause.quote, lexicon);
  if (subject === 'self' || (kind === 'INSTRUCTION' && subject !== '')) return true;
  if (subject === 'none') {
    for (const text of clause.earlier) {
      const inherited = subjectOf(text, '', lexicon);
      if (inherited === 'self') return true;
      if (inherited !== 'none') return names(claim, inherited);
    }
    // A list goes on with what its first line began; languages that leave the subject out do so for the speaker.
    return (
      OMITS_SUBJECT.has(lexicon.language) ||
      (previous !== undefined && /[:：]$/u.test(previous) && lexicon.self.test(previous))
    );
  }
  return names(claim, subject);
}

const OMITS_SUBJECT = new Set(['ja', 'other']);

/** An empty subject is a pronoun: he, she, they. */
function names(claim: string, subject: string): boolean {
  if (subject === '') return false;
  const { found } = conceptsIn(subject);
  const claimed = conceptsIn(claim.toLowerCase());
  if (found.size > 0) return [...found].every((concept) => claimed.found.has(concept));
  const words = subject.match(/[\p{L}\p{N}]+/gu) ?? [];
  return words.some(
    (word) => word.length >= 2 && claim.toLowerCase().includes(word.slice(0, Math.max(4, word.length - 2))),
  );
}

/** Returns `self`, `none`, or what the subject is of which the user speaks; empty for a pronoun. */
function subjectOf(clause: string, quote: string, lexicon: Lexicon): string {
  const text = clause.trim();
  const owned = ownedBy(text, lexicon);
  const owner = owned === undefined ? 0 : lexicon.possessive.exec(text)![0].length;
  const self = text.slice(owner).search(lexicon.subject);
  if (owned !== undefined) {
    if (lexicon.attribute.test(text)) return 'self';
    if (self < 0 || self > MAX_SUBJECT) return owned;
  }
  const other = text.search(lexicon.other);
  const until = quote === '' ? text.length : Math.max(0, text.indexOf(quote)) + quote.length;
  if (other >= 0 && other < until && self >= 0 && other > self && !isObject(text, other)) return '';
  if (self >= 0) return 'self';
  if (other >= 0 && other < until) return '';
  if (lexicon.language === 'ja') return japaneseSubject(text);
  if (lexicon.language === 'zh') return chineseSubject(text, lexicon);
  if (lexicon.self.test(text)) return nameBefore(text, lexicon) ?? 'self';
  const name = nameBefore(text, lexicon);
  return name ?? 'none';
}

/** Letters within which "my wife and I" is one subject. */
const MAX_SUBJECT = 60;

/** What of the user's a clause begins with: "my wife" gives "wife". */
function ownedBy(text: string, { possessive, language }: Lexicon): string | undefined {
  const match = possessive.exec(text);
  if (match?.index !== 0) return undefined;
  const rest = text.slice(match[0].length).trim();
  const words = rest.match(/^[\p{L}\p{N}'-]+(?: [\p{L}\p{N}'-]+){0,2}|^[^\s]{1,6}/u)?.[0] ?? rest.slice(0, 12);
  // "У моей жены аллергия" is about a wife who has one.
  if (/^у /u.test(match[0]))
    return words
      .split(' ')
      .slice(0, ADJECTIVE.test(words.split(' ')[0]!) ? 2 : 1)
      .join(' ');
  // "My boss lives in" is about a boss, and not about what lives.
  const known = words.split(' ').findIndex((word, i) => i > 0 && isVerb(word, language));
  const formed = words.split(' ').findLastIndex((word, i) => i > 0 && VERB_FORM[language]?.test(word));
  const verb = known > 0 ? known : formed;
  return verb > 0 ? words.split(' ').slice(0, verb).join(' ') : words;
}

const ADJECTIVE = /(?:ей|ой|его|ого|их|ых)$/u;

const isVerb = (word: string, language: string): boolean =>
  THIRD[language]?.test(word) === true || PLURAL[language]?.test(word) === true;

/** Verbs of several others. */
const PLURAL: Readonly<Record<string, RegExp>> = {
  en: /^(?:are|were|have|do|don't|live|work|like|love|hate|prefer|move|speak|play|own|eat|want|say|think)$/u,
  de: /^(?:sind|waren|haben|hatten|wohnen|leben|arbeiten|mögen|lieben|hassen|heißen|sprechen|spielen|essen)$/u,
  fr: /^(?:sont|étaient|ont|habitent|vivent|travaillent|aiment|détestent|préfèrent|parlent|jouent)$/u,
  es: /^(?:son|eran|están|tienen|viven|trabajan|prefieren|odian|hablan|juegan)$/u,
  it: /^(?:sono|erano|hanno|vivono|abitano|lavorano|preferiscono|odiano|amano|parlano)$/u,
  pt: /^(?:são|eram|têm|moram|vivem|trabalham|preferem|odeiam|adoram|falam)$/u,
  nl: /^(?:zijn|waren|hebben|wonen|leven|werken|houden|haten|heten|spreken)$/u,
  ru: /^(?:живут|жили|работают|любят|ненавидят|предпочитают|говорят)$/u,
};

/** "I love it", "Ich mag sie": what comes behind the speaker is an object, unless its form is a subject's. */
const isObject = (text: string, at: number): boolean => !SUBJECT_FORM.test(text.slice(at));

const SUBJECT_FORM =
  /^(?:he|she|they|he's|she's|they're|who|whose|qui|ils?|elles?|él|ella|ellos|ellas|quien|ele|ela|eles|elas|hij|он|она|они|котор\p{L}+|彼|彼女)(?![\p{L}'])/u;

/** "bob lives in paris", "bob wohnt in paris": a first word that a verb of another person follows. */
function nameBefore(text: string, lexicon: Lexicon): string | undefined {
  const [first, second] = text.split(' ');
  if (first === undefined || second === undefined || lexicon.self.test(first)) return undefined;
  const { language } = lexicon;
  return THIRD[language]?.test(second) || VERB_FORM[language]?.test(second) ? first : undefined;
}

/** The form of any verb of another person: behind a name, where no noun stands. */
const VERB_FORM: Readonly<Record<string, RegExp>> = { en: /^\p{L}{3,}s$/u, de: /^\p{L}{3,}t$/u };

const THIRD: Readonly<Record<string, RegExp>> = {
  en: /^(?:is|was|has|had|does|doesn't|isn't|lives|works|likes|loves|hates|prefers|moved|speaks|plays|owns)$/u,
  de: /^(?:ist|war|hat|hatte|wohnt|lebt|arbeitet|mag|liebt|hasst|heißt|spricht|spielt|isst)$/u,
  fr: /^(?:est|était|a|habite|vit|travaille|aime|déteste|préfère|s'appelle|parle|joue)$/u,
  es: /^(?:es|era|tiene|vive|trabaja|prefiere|odia|habla|juega|toca|se)$/u,
  it: /^(?:è|era|ha|vive|abita|lavora|preferisce|odia|ama|parla|suona|si)$/u,
  pt: /^(?:é|era|tem|mora|vive|trabalha|prefere|odeia|adora|fala|joga|toca|se|chama-se)$/u,
  nl: /^(?:is|was|heeft|had|woont|leeft|werkt|houdt|haat|heet|spreekt|speelt)$/u,
  ru: /^(?:живёт|живет|работает|любит|ненавидит|предпочитает|переехал|переехала|говорит|играет)$/u,
};

const JAPANESE_TIME =
  /^(?:今|現在|最近|普段|毎日|仕事|名前|趣味|出身|家|好きな|去年|先月|来月|昔|実|以前|職業|誕生日|年齢|朝|夜|週末|休日|もう|まだ|子供の頃|大学で|私|わたし|僕|ぼく|俺|自分)/u;

function japaneseSubject(text: string): string {
  const topic =
    /^(.{1,12}?)[はも](?!ん)/u.exec(text) ??
    /^(.{1,8}?)が(?!.{0,6}(?:好き|嫌い|苦手|欲し|でき|あり|いま|得意|趣味))/u.exec(text);
  if (!topic || JAPANESE_TIME.test(topic[1]!)) return 'none';
  return topic[1]!.replace(/^(?:私|わたし|僕|ぼく|俺|うち)の/u, '');
}

/** A Chinese clause leaves the speaker out only where it begins with its verb. */
const chineseSubject = (text: string, { self }: Lexicon): string => {
  if (self.test(text)) return 'self';
  return /^(?:现在|目前|一直|最近|刚|已经|也|还|很|非常|不|住|在|是|有|喜欢|讨厌|爱|叫|对|会|养|搬|从|吃|不再)/u.test(
    text,
  )
    ? 'self'
    : '';
};
