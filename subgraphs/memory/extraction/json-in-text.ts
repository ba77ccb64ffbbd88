const MAX_VALUES = 50;
/** Brackets that nothing closes, each of which is looked at to the end of the text. */
const MAX_TRIES = 200;

/** Returns the JSON objects and lists that stand in a text, in their order; those inside others are not told apart. */
export function jsonIn(text: string): unknown[] {
  const values: unknown[] = [];
  let at = 0;
  for (let tries = 0; values.length < MAX_VALUES && tries < MAX_TRIES; tries++) {
    const start = text.slice(at).search(/[{[]/);
    if (start < 0) break;
    at += start;
    const end = endOf(text, at);
    // Nothing closes it: what is inside may be whole.
    if (end === undefined) {
      at++;
      continue;
    }
    try {
      values.push(JSON.parse(text.slice(at, end)));
      at = end;
    } catch {
      at++;
    }
  }
  return values;
}

const MAX_LENGTH = 100_000;

/** Where the bracket at a place is closed; brackets in strings do not count. */
function endOf(text: string, start: number): number | undefined {
  let depth = 0;
  let isString = false;
  for (let at = start; at < text.length && at - start < MAX_LENGTH; at++) {
    const character = text[at]!;
    if (isString) {
      if (character === '\\') at++;
      else if (character === '"') isString = false;
    } else if (character === '"') isString = true;
    else if (character === '{' || character === '[') depth++;
    else if ((character === '}' || character === ']') && --depth === 0) return at + 1;
  }
  return undefined;
}
