import { badInput } from '../../base/errors/errors.ts';
import { OWN_UUID } from '../../base/uuid.ts';

/** What a cursor's keys must look like: a cursor comes back from clients and goes into a query. */
export const CURSOR_KEYS = {
  /** Whatever was a key once, e.g. a name; its reader must not believe more of it. */
  text: /^[^\0]{1,500}$/u,
  id: OWN_UUID,
  number: /^\d{1,9}$/,
  time: /^(?!0000)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
} as const;

export type CursorKey = keyof typeof CURSOR_KEYS;

/**
 * Encodes a place in one list: the list's name, so that it fits no other, and the sort keys of the entry it stands at.
 */
export const encodeCursor = (list: string, ...keys: readonly string[]): string =>
  Buffer.from(JSON.stringify([list, ...keys])).toString('base64url');

/**
 * Decodes the sort keys of a cursor of `list`, or undefined when none was given.
 *
 * @throws {CodedError} BAD_USER_INPUT naming `argument` when it is not a cursor of that list.
 */
export function decodeCursor(
  list: string,
  argument: string,
  cursor: string | null | undefined,
  kinds: readonly CursorKey[],
): string[] | undefined {
  if (cursor === null || cursor === undefined) return undefined;
  const keys = parse(cursor);
  const fits =
    keys !== undefined &&
    keys[0] === list &&
    keys.length === kinds.length + 1 &&
    kinds.every((kind, index) => isKey(kind, keys[index + 1]!));
  if (!fits) throw badInput(argument, 'is not a cursor of this list: take one from its edges or pageInfo.');
  return keys.slice(1);
}

/** A time must be one: the thirtieth of February is none, however it looks. */
function isKey(kind: CursorKey, text: string): boolean {
  if (!CURSOR_KEYS[kind].test(text)) return false;
  if (kind !== 'time') return true;
  const time = new Date(text);
  return !Number.isNaN(time.getTime()) && time.toISOString() === text;
}

function parse(cursor: string): string[] | undefined {
  if (cursor.length > 1000) return undefined;
  try {
    const keys: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(keys) && keys.every((key) => typeof key === 'string') ? keys : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Returns how many entries a page has.
 *
 * @throws {CodedError} BAD_USER_INPUT outside 1 to `max`.
 */
export function pageSize(argument: string, value: number | null | undefined, fallback: number, max: number): number {
  const size = value ?? fallback;
  if (size < 1 || size > max) throw badInput(argument, `is ${size}; a page has 1 to ${max} entries.`);
  return size;
}

export interface Edge<Node> {
  readonly cursor: string;
  readonly node: Node;
}

export interface Connection<Node> {
  readonly edges: readonly Edge<Node>[];
  readonly nodes: readonly Node[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

/** Most entries that a `totalCount` counts: to count a user's years costs more than it tells. */
export const MAX_COUNT = 10_000;

/** A connection that can tell how many entries all its pages have. */
export interface CountedConnection<Node> extends Connection<Node> {
  /** Counts, at most to MAX_COUNT. It is called where the client asks for the number. */
  readonly totalCount: () => Promise<number>;
}

/** The resolver of a connection's `totalCount`. */
export const COUNTED = { totalCount: ({ totalCount }: CountedConnection<unknown>) => totalCount() };

/** Returns a Relay connection of the entries of one page. */
export function connection<Node>(
  nodes: readonly Node[],
  cursorOf: (node: Node) => string,
  more: { readonly next: boolean; readonly previous: boolean },
): Connection<Node> {
  const edges = nodes.map((node) => ({ cursor: cursorOf(node), node }));
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: more.next,
      hasPreviousPage: more.previous,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
