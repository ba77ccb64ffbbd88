import { badInput } from '#platform/base/errors/errors.ts';
import type { DoorOperation } from '../doors/operations.ts';
import type { Visit } from '../doors/visit.ts';

/** What a list of the graph holds on one page, at most. */
const PAGE = 200;
const MAX_LIMIT = 100;

interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** The part of a list that a request asks for. */
export interface Part {
  readonly limit: number;
  /** Id of the entry before. */
  readonly after: string | undefined;
}

/** Reads which part of a list is asked for: the newest first. @throws {CodedError} BAD_USER_INPUT. */
export function partOf(search: URLSearchParams, known: readonly string[] = []): Part {
  for (const name of search.keys()) {
    if (!['limit', 'after', 'order', ...known].includes(name)) throw badInput(name, 'is not supported here.');
  }
  if ((search.get('order') ?? 'desc') !== 'desc') throw badInput('order', 'must be desc: the newest come first.');
  const limit = Number(search.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw badInput('limit', `must be a whole number from 1 to ${MAX_LIMIT}.`);
  return { limit, after: search.get('after') ?? undefined };
}

/** Reads a list of the graph, page by page, for as long as the caller wants more of it. */
export async function* walk<Node>(visit: Visit, operation: DoorOperation): AsyncGenerator<Node> {
  let after: string | null = null;
  do {
    const { nodes, pageInfo }: Page<Node> = await visit.need<Page<Node>>(operation, { first: PAGE, after });
    yield* nodes;
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
  } while (after !== null);
}

interface Entry {
  readonly id: string;
}

/** Returns the part of a list as OpenAI's clients page through it: by the id of the last entry. */
export function listBody(all: readonly Entry[], { limit, after }: Part): object {
  const start = after === undefined ? 0 : all.findIndex(({ id }) => id === after) + 1;
  if (after !== undefined && start === 0) throw badInput('after', 'is the id of no entry of this list.');
  const data = all.slice(start, start + limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: all.length > start + limit,
  };
}
