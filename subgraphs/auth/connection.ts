import { badInput } from '#platform/errors/errors.ts';
import { isUuid } from './uuid.ts';

const MAX_FIRST = 100;

export interface PageArguments {
  readonly first?: number | null | undefined;
  readonly after?: string | null | undefined;
}

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

/** What a list query needs: ids are UUIDv7, so the order of ids is the order of creation, and a cursor is an id. */
export interface Page {
  readonly take: number;
  readonly after: string | undefined;
}

/** @throws {CodedError} BAD_USER_INPUT for a page that is too large or a cursor that is none. */
export function parsePage({ first, after }: PageArguments): Page {
  const take = first ?? 20;
  if (take < 1 || take > MAX_FIRST) throw badInput('first', `is ${take}; a page has 1 to ${MAX_FIRST} entries.`);
  if (after == null) return { take, after: undefined };
  const id = Buffer.from(after, 'base64url').toString('utf8');
  if (!isUuid(id)) throw badInput('after', 'is not a cursor of this list: take one from its edges or pageInfo.');
  return { take, after: id };
}

const cursorOf = (id: string): string => Buffer.from(id).toString('base64url');

/** @param rows one more than `page.take`, where there are more. */
export function connectionOf<Node extends { readonly id: string }>(
  rows: readonly Node[],
  page: Page,
): Connection<Node> {
  const nodes = rows.slice(0, page.take);
  const edges = nodes.map((node) => ({ cursor: cursorOf(node.id), node }));
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: rows.length > page.take,
      hasPreviousPage: page.after !== undefined,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}
