import { badInput } from '#platform/errors/errors.ts';

export interface Connection<Node> {
  readonly edges: readonly { readonly cursor: string; readonly node: Node }[];
  readonly nodes: readonly Node[];
  readonly pageInfo: {
    readonly hasNextPage: boolean;
    readonly hasPreviousPage: boolean;
    readonly startCursor: string | null;
    readonly endCursor: string | null;
  };
}

export interface PageArguments {
  readonly first: number;
  readonly after?: string | null;
}

const MOST = 100;

/** @throws {CodedError} BAD_USER_INPUT. */
export function checkFirst(first: number): void {
  if (first < 1 || first > MOST) throw badInput('first', `is ${first}; a page has 1 to ${MOST} entries.`);
}

/** A page as Relay has it; a cursor is the entry's key, so that pages stay right while entries come and go. */
export function connection<Node>(
  nodes: readonly Node[],
  keys: readonly string[],
  hasNextPage: boolean,
  after: string | null | undefined,
): Connection<Node> {
  const edges = nodes.map((node, i) => ({ cursor: encodeCursor(keys[i]!), node }));
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage,
      hasPreviousPage: after !== null && after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

const encodeCursor = (key: string): string => Buffer.from(key).toString('base64url');

/**
 * The key of a cursor, or undefined without one.
 *
 * @throws {CodedError} BAD_USER_INPUT for what is no cursor.
 */
export function decodeCursor(cursor: string | null | undefined): string | undefined {
  if (cursor === null || cursor === undefined) return undefined;
  const key = Buffer.from(cursor, 'base64url').toString();
  if (cursor.length > 2000 || encodeCursor(key) !== cursor || key === '')
    throw badInput('after', 'is no cursor: take one from `pageInfo` or `edges`.');
  return key;
}
