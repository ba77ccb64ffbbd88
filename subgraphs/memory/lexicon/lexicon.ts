/** A rule of plain statements: a sentence that begins so is kept word by word. */
export interface Rule {
  readonly pattern: RegExp;
  readonly kind: 'FACT' | 'PREFERENCE' | 'EVENT' | 'INSTRUCTION';
  readonly importance: number;
  /** The subject of a fact of which there is one: a newer one supersedes the older. `$1` is what the pattern caught. */
  readonly slot?: string;
  /** Whether the sentence says that something is no longer so: it supersedes facts that name what it caught. */
  readonly ends?: boolean;
  /** Whether the user asks for anything at all to be remembered. */
  readonly isRequest?: boolean;
}

/** The words by which a language shows what a sentence is: whose, denied, imagined, asked. */
export interface Lexicon {
  readonly language: string;
  /** Frequent words that few other languages have: by them a sentence is known. */
  readonly frequent: RegExp;
  /** The speaker: as subject, object or owner. */
  readonly self: RegExp;
  /** The speaker as subject. */
  readonly subject: RegExp;
  /** Another person as subject, or a relative clause. */
  readonly other: RegExp;
  /** At the start of a clause: a thing or person of the speaker's, and what of it is the speaker after all (a name). */
  readonly possessive: RegExp;
  readonly attribute: RegExp;
  /** Not, never, no longer, and verbs that end or refuse something. */
  readonly negation: RegExp;
  /** "Not only" and other words that look like a negation. */
  readonly noNegation?: RegExp;
  /** If, would, perhaps. */
  readonly hypothetical: RegExp;
  /** A request to make something up: what comes after it is not said about the speaker. */
  readonly fiction: RegExp;
  /** A request to work on a text: the text is not said about the speaker, before or after. */
  readonly material: RegExp;
  /** Words that tell what another person has said or thinks. */
  readonly reported: RegExp;
  /** The same at the start of what comes behind the words that were said, where a language puts it there. */
  readonly reportedAfter?: RegExp;
  /** A question without its mark. */
  readonly question: RegExp;
  /** For this exchange only: here, this, today. */
  readonly here: RegExp;
  /** Where a clause ends inside a sentence, beside punctuation. */
  readonly joint: RegExp;
  readonly rules: readonly Rule[];
}

const BEFORE = '(?<![\\p{L}\\p{M}\\p{N}])';
const AFTER = '(?![\\p{L}\\p{M}\\p{N}])';

/** Returns a pattern of whole words. */
export const words = (alternatives: string): RegExp => new RegExp(`${BEFORE}(?:${alternatives})${AFTER}`, 'iu');

/** Returns a pattern for scripts that write without spaces. */
export const runs = (alternatives: string): RegExp => new RegExp(alternatives, 'iu');

/** Returns the pattern of a rule: the whole sentence, with a name or object at its place. */
export const sentence = (pattern: string, flags = 'iu'): RegExp => new RegExp(`^(?:${pattern})[.!…。！\\s]*$`, flags);

/** Names: capital letters, at most five words, small ones between them ("Ludwig van Beethoven", "Rio de Janeiro"). */
export const NAME =
  "(?-i:\\p{Lu}[\\p{L}\\p{M}'’.-]*(?: (?:d[aeio]s?|du|del|della|la|le|les|el|van|von|der|den|am|an|upon|of|the|sur|bei)){0,2}(?: \\p{Lu}[\\p{L}\\p{M}'’.-]*){0,3}(?:, \\p{Lu}[\\p{L}\\p{M}'’-]*(?: \\p{Lu}[\\p{L}\\p{M}'’-]*)?)?)";
/** The object of a taste: one to four words. */
export const OBJECT = "[\\p{L}\\p{N}#+][\\p{L}\\p{M}\\p{N}#+'’-]*(?: [\\p{L}\\p{M}\\p{N}#+'’-]+){0,3}";
/** The name of a person or place in a script without spaces. */
export const CJK_NAME = '[\\p{Script=Han}\\p{Script=Katakana}ー・A-Za-z ]{1,12}?';
