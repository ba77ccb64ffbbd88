import { type Connection, connection, decodeCursor, encodeCursor, pageSize } from './paging.ts';

/** What a list is asked for; null and undefined mean the list's own default. */
export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

/** What a query for a page needs. Ids are UUIDv7, so their order is the order of creation and an id is a place in it. */
export interface IdPage {
  readonly list: string;
  readonly take: number;
  /** The id that the page begins behind. */
  readonly after: string | undefined;
}

/**
 * A page of a list that is ordered by id.
 *
 * @param list its name, which its cursors carry.
 * @throws {CodedError} BAD_USER_INPUT for a page that is too large or a cursor that is none of this list.
 */
export function idPage(list: string, { first, after }: PageArguments, { fallback = 20, max = 100 } = {}): IdPage {
  return {
    list,
    take: pageSize('first', first, fallback, max),
    after: decodeCursor(list, 'after', after, ['id'])?.[0],
  };
}

/** @param rows one more than `page.take`, where there are more. */
export function idConnection<Node extends { readonly id: string }>(
  rows: readonly Node[],
  page: IdPage,
): Connection<Node> {
  return connection(rows.slice(0, page.take), ({ id }) => encodeCursor(page.list, id), {
    next: rows.length > page.take,
    previous: page.after !== undefined,
  });
}
