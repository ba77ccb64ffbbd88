/** The depth to which the text of a document is nested. */
export interface DocumentNesting {
  /** Selection sets in one another. */
  readonly selections: number;
  /** Lists and objects in one value. */
  readonly values: number;
}

/**
 * Measures the nesting of a document's text in one pass, without recursion: the parser itself recurses, and what comes
 * after it. Strings and comments are passed over as the parser does, so the measure holds for all that a parser reads
 * of a text, well formed or not.
 */
export function nestingOf(text: string): DocumentNesting {
  let selections = 0;
  let values = 0;
  let braces = 0;
  let brackets = 0;
  let parentheses = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case QUOTE:
        i = text.startsWith('"""', i) ? endOfBlock(text, i + 3) : endOfString(text, i + 1);
        break;
      case HASH:
        i = endOfLine(text, i + 1);
        break;
      case OPEN_PARENTHESIS:
        parentheses++;
        break;
      case CLOSE_PARENTHESIS:
        if (parentheses > 0) parentheses--;
        brackets = 0;
        break;
      case OPEN_BRACE:
      case OPEN_BRACKET:
        // Within parentheses stand arguments and variables, and nothing else.
        if (parentheses > 0) values = Math.max(values, ++brackets);
        else selections = Math.max(selections, ++braces);
        break;
      case CLOSE_BRACE:
      case CLOSE_BRACKET:
        if (parentheses > 0) brackets = Math.max(0, brackets - 1);
        else braces = Math.max(0, braces - 1);
    }
  }
  return { selections, values };
}

/** Counts the line breaks of a text, those of comments and block strings too. A pair of two counts as one. */
export const linesOf = (text: string): number => Math.max(countOf(text, '\n'), countOf(text, '\r'));

function countOf(text: string, wanted: string): number {
  let count = 0;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) count++;
  return count;
}

const QUOTE = 34;
const HASH = 35;
const OPEN_PARENTHESIS = 40;
const CLOSE_PARENTHESIS = 41;
const OPEN_BRACKET = 91;
const BACKSLASH = 92;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;
const CLOSE_BRACE = 125;
const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** The index of the quote that ends a string; an unfinished one ends with its line, where the parser gives up. */
function endOfString(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === QUOTE || code === LINE_FEED || code === CARRIAGE_RETURN) return i;
    if (code === BACKSLASH) i++;
  }
  return text.length;
}

/** The index of the last of three quotes that end a block string. */
function endOfBlock(text: string, from: number): number {
  let end = text.indexOf('"""', from);
  while (end > 0 && text.charCodeAt(end - 1) === BACKSLASH) end = text.indexOf('"""', end + 3);
  return end < 0 ? text.length : end + 2;
}

function endOfLine(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === LINE_FEED || code === CARRIAGE_RETURN) return i;
  }
  return text.length;
}
