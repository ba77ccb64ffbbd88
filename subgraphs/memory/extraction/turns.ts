import type { Lexicon } from '../lexicon/lexicon.ts';
import { anyOf } from './moods.ts';

/** Where in a sentence the speaker ends one statement and begins another of their own. */
interface Turn {
  readonly start: number;
  /** Where the new statement begins. */
  readonly end: number;
}

/** What comes behind these is so, whatever is wished for before them. */
const CONTRASTS = anyOf(
  `but|however(?=,? i)|because|since|although|though|aber|denn|weil|obwohl|mais|car|parce que|puisque|pero|porque|aunque|pues|ma|però|perché|
  poiché|mas|embora|maar|want|omdat|но|а|потому что|так как|хотя|doch|jedoch|pourtant|sin embargo|tuttavia|porém|echter|однако`,
  '但是?|可是|不过|因为|所以|けれどもの?|けれど|けど|ですが|ますが|しかし|ので',
);
/** Behind these what was wished for may go on: "I want to move and work in Rome". */
const ADDITIONS = anyOf('and|so|und|et|y|e|en|и', '而且');
/** What is wished or doubted has a statement within it, which an addition goes on with. */
const WITHIN = anyOf('that|dass|que|che|dat|что|чтобы|as if|als ob|if|whether|ob|si|se|ли', '说|说过');
/** The forms of the speaker alone, which need no pronoun behind an addition. */
const ALONE =
  /^(?:am|bin|habe|wohne|lebe|arbeite|heiße|mag|liebe|hasse|esse|vertrage|spreche|suis|ai|ben|heb|woon|werk|heet|haat|spreek)(?!\p{L})/iu;
/** Letters before the speaker: "but sadly I". */
const MAX_ADVERB = 12;

/** Returns where the speaker begins statements of their own in a sentence. */
export function turnsOf(sentence: string, { subject, possessive, reported, language }: Lexicon): Turn[] {
  const isOwn = (rest: string, within: number): boolean => {
    const self = rest.search(subject);
    return (self >= 0 && self <= within && !reported.test(rest.slice(0, self))) || ALONE.test(rest);
  };
  const turns = (joints: RegExp, isTurn: (rest: string, before: string) => boolean): Turn[] =>
    [...sentence.matchAll(new RegExp(joints, 'giu'))].flatMap(({ 0: joint, index }) => {
      const end = index + joint.length;
      const rest = sentence.slice(end).replace(/^[\s,，、]+/u, '');
      return isTurn(rest, sentence.slice(0, index)) ? [{ start: index, end }] : [];
    });
  return [
    ...turns(CONTRASTS, (rest) => language === 'ja' || isOwn(rest, MAX_ADVERB) || rest.search(possessive) === 0),
    ...turns(ADDITIONS, (rest, before) => isOwn(rest, 0) && !goesOn(before, subject)),
  ].sort((a, b) => a.start - b.start);
}

/** "I told my date I am a pilot", "I hope my wife": what an addition goes on with is told or hoped as well. */
function goesOn(before: string, subject: RegExp): boolean {
  const selves = before.match(new RegExp(subject.source, 'giu')) ?? [];
  return (
    selves.length > 1 || before.search(WITHIN) >= 0 || /(?:hopes?|wish|want|told) (?:my|our) \p{L}+ $/iu.test(before)
  );
}
