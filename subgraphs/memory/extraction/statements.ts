import { lexiconOf } from '../lexicon/languages.ts';
import type { Lexicon } from '../lexicon/lexicon.ts';
import { isMakeBelieve } from './make-believe.ts';

/** A sentence of a message, with what is known of the way in which it is meant. */
export interface Statement {
  /** Without a list's mark. What is quoted in it is masked. */
  readonly text: string;
  readonly lexicon: Lexicon;
  readonly isQuestion: boolean;
  /** Said in jest, made up on request, or the words of another: none of it is about the speaker. */
  readonly isUnmeant: boolean;
}

const MAX_TEXT = 20_000;
/** In the place of what is not the user's own: no rule and no quotation matches it. */
export const MASK = '\uFFFC';
const QUOTED =
  /“[^”]{0,2000}”|„[^“”]{0,2000}[“”]|«[^»]{0,2000}»|‹[^›]{0,2000}›|「[^」]{0,2000}」|『[^』]{0,2000}』|"[^"\n]{0,2000}"|(?<![\p{L}\p{N}])'[^'\n]{0,2000}'(?![\p{L}\p{N}])/gu;
const END = /(?<=[.!?…][)"'”»]?)\s+(?=[^\s])|(?<=[。！？])(?![）)」])/u;
const DOTS = /(?:\.\.|…)$/;
const BULLET = /^\s*(?:[-*•·–—+]|\d{1,3}[.)、])\s+/u;
const JOKE =
  /(?<![\p{L}\p{N}])(?:(?:ha){2,}h?|(?:he){2,}|(?:hi){3,}|lol|lmao|rofl|jk|just kidding|joking|\/s|(?:ja){2,}|(?:je){2,}|mdr|ptdr|(?:rs){2,}|k{3,}|xd+|(?:nur (?:ein )?|kleiner )(?:scherz|spaß|witz)|(?:è uno )?scherzo|(?:es )?broma|je blague|une blague|(?:é )?brincadeira|grapje|шучу|шутка|(?:ха){2,}|лол)(?![\p{L}\p{N}])|[😂🤣😜😝😆🙃😹]|哈哈|呵呵|开玩笑|笑\)|（笑）|\(笑\)|w{2,}(?![\p{L}\p{N}.])|草$|冗談|ㅋㅋ|ㅎㅎ/iu;

/** Takes a message apart. Code, quotations and quoted lines are another person's words or none. */
export function statementsOf(message: string): Statement[] {
  const own = masked(message.slice(0, MAX_TEXT).normalize('NFC'));
  const sentences = own
    .split('\n')
    .flatMap((line) => sentencesOf(line.replace(BULLET, ''), own))
    .map((text) => text.trim())
    .filter((text) => text !== '');
  const lexicons = sentences.map((text) => lexiconOf(text, own));
  const says = (i: number, cue: 'fiction' | 'material') => lexicons[i]![cue].test(sentences[i]!);
  const isMaterial = sentences.some((_, i) => says(i, 'material'));
  let isInvented = false;
  return sentences.map((text, i) => {
    isInvented ||= says(i, 'fiction') || introducesAnother(text, lexicons[i]!);
    return {
      text,
      lexicon: lexicons[i]!,
      isQuestion: /[?？]["'”»)]*$/.test(text) || lexicons[i]!.question.test(text),
      isUnmeant: isMaterial || isInvented || isMakeBelieve(text) || JOKE.test(text) || onlyJoke(sentences[i + 1]),
    };
  });
}

/** After dots, small letters that say nothing of the speaker go on with the same sentence: "... on Mondays only". */
function sentencesOf(line: string, own: string): string[] {
  const sentences: string[] = [];
  for (const text of line.split(END)) {
    const before = sentences.at(-1) ?? '';
    if (DOTS.test(before) && /^\p{Ll}/u.test(text) && !lexiconOf(text, own).self.test(text))
      sentences.splice(-1, 1, `${before} ${text}`);
    else sentences.push(text);
  }
  return sentences;
}

/** "Bob wrote:" begins what Bob has written; "About me:" does not. */
const introducesAnother = (text: string, { self, reported, other }: Lexicon): boolean =>
  /[:：]$/u.test(text) && (reported.test(text) || other.test(text) || (!self.test(text) && text.length > MAX_HEADING));

/** "Facts:", "Zu mir:" head a list of the user's own. */
const MAX_HEADING = 14;

const onlyJoke = (text: string | undefined): boolean =>
  text !== undefined && JOKE.test(text) && text.replace(JOKE, '').replace(/[^\p{L}\p{N}]/gu, '').length <= 8;

/** Names and titles in quotation marks are the user's words; what is longer is quoted. */
const isSpeech = (quoted: string): boolean =>
  quoted.trim().split(/\s+/).length > 2 || (quoted.match(/[\p{Script=Han}\p{Script=Hiragana}]/gu)?.length ?? 0) > 6;

function masked(message: string): string {
  const blank = (text: string) => MASK.repeat(Math.min(3, text.length));
  return message
    .replace(/```[\s\S]*?(?:```|$)/g, `\n${MASK}\n`)
    .replace(/`[^`\n]*`/g, blank)
    .split('\n')
    .map((line) => (/^\s*[>|]/.test(line) ? MASK : line))
    .join('\n')
    .replace(QUOTED, (quoted) => (isSpeech(quoted.slice(1, -1)) ? blank(quoted) : quoted.slice(1, -1)));
}
