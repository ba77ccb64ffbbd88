/** The reason that keeps a value from being stored. */
export interface Unstorable {
  /** Where it stands, such as `input.title`. */
  readonly path: string;
  /** What is wrong there, and what to do. */
  readonly problem: string;
}

/** Deeper values would end the stack of what stores them. Clients are held to far less by the gateway. */
const MAX_DEPTH = 1_000;

const TEXT = 'holds a NUL character or half a surrogate pair; remove it.';
const NAME = 'has a name that holds a NUL character or half a surrogate pair; remove it.';
const DEPTH = `is nested more than ${MAX_DEPTH} levels deep; flatten it.`;

/**
 * Finds what keeps the values of variables from being stored: a NUL character, which Postgres takes in no text; half a
 * surrogate pair, which UTF-8 has no bytes for; lists and objects that are nested too deep. Looked for once for all
 * fields of a subgraph, so that none of them has to think of it.
 */
export function findUnstorable(variables: Readonly<Record<string, unknown>>): Unstorable | undefined {
  const found = search(variables, 0);
  return found && { path: found.steps.reverse().join('.'), problem: found.problem };
}

/** Returns whether a text can be stored unchanged. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0');

interface Found {
  /** From the innermost to the outermost. */
  readonly steps: (string | number)[];
  readonly problem: string;
}

function search(value: unknown, depth: number): Found | undefined {
  if (typeof value === 'string') return isStorable(value) ? undefined : { steps: [], problem: TEXT };
  if (typeof value !== 'object' || value === null) return undefined;
  // The path of what is too deep is too long to be read.
  if (depth > MAX_DEPTH) return { steps: [], problem: DEPTH };
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const found = search(value[i], depth + 1);
      if (found) return under(found, i, depth);
    }
    return undefined;
  }
  for (const name in value) {
    if (!isStorable(name)) return { steps: [], problem: NAME };
    const found = search((value as Record<string, unknown>)[name], depth + 1);
    if (found) return under(found, name, depth);
  }
  return undefined;
}

/** Steps far inside are left out: a path of a thousand is not read. */
function under(found: Found, step: string | number, depth: number): Found {
  if (depth < MAX_STEPS) found.steps.push(step);
  return found;
}

const MAX_STEPS = 10;
