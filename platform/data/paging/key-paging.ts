import {
  type Connection,
  type CountedConnection,
  type CursorKey,
  connection,
  decodeCursor,
  encodeCursor,
  pageSize,
} from './paging.ts';

/** The arguments of a list; null and undefined mean the list's own default. */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

/** The parts that a query for a page of a list with one sort key needs. */
export interface KeyPage {
  readonly list: string;
  readonly take: number;
  /** The key that the page begins behind. */
  readonly after: string | undefined;
}

export interface KeyPageOptions {
  /** What the sort key is. Default `id`: ids are UUIDv7, so their order is the order of creation. */
  readonly key?: CursorKey;
  /** Entries where none are asked for; default 20. */
  readonly fallback?: number;
  /** Most entries; default 100. */
  readonly max?: number;
}

/**
 * Returns a page of a list that is ordered by one key.
 *
 * @param list its name, which its cursors carry.
 * @throws {CodedError} BAD_USER_INPUT for a page that is too large or a cursor that is none of this list.
 */
export function keyPage(list: string, { first, after }: PageArguments, options: KeyPageOptions = {}): KeyPage {
  const { key = 'id', fallback = 20, max = 100 } = options;
  return { list, take: pageSize('first', first, fallback, max), after: decodeCursor(list, 'after', after, [key])?.[0] };
}

/**
 * Returns the connection of a list that is ordered by one key.
 *
 * @param rows one more than `page.take`, where there are more.
 * @param keyOf the sort key of a row.
 */
export const keyConnection = <Node>(
  rows: readonly Node[],
  page: KeyPage,
  keyOf: (row: Node) => string,
): Connection<Node> =>
  connection(rows.slice(0, page.take), (row) => encodeCursor(page.list, keyOf(row)), {
    next: rows.length > page.take,
    previous: page.after !== undefined,
  });

/** Returns the connection, as `keyConnection` does, for lists that are ordered by id. */
export const idConnection = <Node extends { readonly id: string }>(
  rows: readonly Node[],
  page: KeyPage,
): Connection<Node> => keyConnection(rows, page, ({ id }) => id);

/**
 * Returns a page of a short list that was read whole.
 *
 * @param rows all there are, the newest first: ordered by id, downwards.
 * @throws {CodedError} as `keyPage`.
 */
export function newestPage<Node extends { readonly id: string }>(
  list: string,
  rows: readonly Node[],
  input: PageArguments,
): CountedConnection<Node> {
  const page = keyPage(list, input);
  const { after } = page;
  const behind = after === undefined ? rows : rows.filter(({ id }) => id < after);
  return { ...idConnection(behind.slice(0, page.take + 1), page), totalCount: async () => rows.length };
}
