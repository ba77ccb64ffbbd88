import { badInput } from '#platform/errors/errors.ts';

export const LARGEST_PAGE = 200;

/** What a list is asked for. */
export interface PageArguments {
  readonly first: number;
  readonly after?: string | null;
}

export interface Connection<Node> {
  readonly nodes: readonly Node[];
  readonly edges: readonly { readonly node: Node; readonly cursor: string }[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

/** Checks `first` and reads `after`, the sort key of the entry that the page begins behind. */
export function pageOf(
  { first, after }: PageArguments,
  keyPattern: RegExp,
): { take: number; after: string | undefined } {
  if (first < 1 || first > LARGEST_PAGE)
    throw badInput('first', `is ${first}; a page has 1 to ${LARGEST_PAGE} entries.`);
  if (after === null || after === undefined) return { take: first, after: undefined };
  const key = Buffer.from(after.slice(0, 1_000), 'base64url').toString();
  if (!keyPattern.test(key)) throw badInput('after', 'is not a cursor of this list: take one from its pageInfo.');
  return { take: first, after: key };
}

/**
 * A Relay connection.
 *
 * @param found up to one more than the page holds, so that it is known whether there is more.
 * @param keyOf the sort key that `after` names.
 */
export function connection<Node>(
  found: readonly Node[],
  page: { take: number; after: string | undefined },
  keyOf: (node: Node) => string,
): Connection<Node> {
  const nodes = found.slice(0, page.take);
  const edges = nodes.map((node) => ({ node, cursor: Buffer.from(keyOf(node)).toString('base64url') }));
  return {
    nodes,
    edges,
    pageInfo: {
      hasNextPage: found.length > page.take,
      hasPreviousPage: page.after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

export const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
export const isId = (text: string): boolean => ID.test(text);
