import { badInput } from '#platform/base/errors/errors.ts';
import { OWN_UUID } from '#platform/base/uuid.ts';
import type { DoorOperation } from '../doors/operations.ts';
import type { Visit } from '../doors/visit.ts';

/** What a list of the graph holds on one page, at most. */
const PAGE = 200;
/** The most entries of one part of a list. */
export const MAX_LIMIT = 100;

interface Page<Node> {
  readonly nodes: readonly Node[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
}

/** The part of a list that a request asks for. */
export interface Part {
  readonly limit: number;
  /** Id of the entry before, which may be gone. */
  readonly after: string | undefined;
}

/**
 * Reads which part of a list is asked for: the newest first.
 *
 * @param prefix of the ids of the list.
 * @throws {CodedError} BAD_USER_INPUT.
 */
export function partOf(search: URLSearchParams, prefix: string, known: readonly string[] = []): Part {
  for (const name of search.keys()) {
    if (!['limit', 'after', 'order', ...known].includes(name)) throw badInput(name, 'is not supported here.');
  }
  if ((search.get('order') ?? 'desc') !== 'desc') throw badInput('order', 'must be desc: the newest come first.');
  const limit = Number(search.get('limit') ?? 20);
  if (!Number.isInteger(limit) || limit < 1 || limit > MAX_LIMIT)
    throw badInput('limit', `must be a whole number from 1 to ${MAX_LIMIT}.`);
  const after = search.get('after') ?? undefined;
  if (after !== undefined && !(after.startsWith(prefix) && OWN_UUID.test(after.slice(prefix.length))))
    throw badInput('after', `must be the id of an entry of this list: ${prefix} and a UUID.`);
  return { limit, after };
}

/** Returns whether an entry comes after the one that a part begins behind: newer ids are greater. */
export const isBehind = ({ after }: Part, id: string): boolean => after === undefined || id < after;

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

/**
 * Returns the part of a list as OpenAI's clients page through it: by the id of the last entry.
 *
 * @param behind the entries from where the part begins: one more than it holds tells that there are more.
 */
export function listBody(behind: readonly Entry[], { limit }: Part): object {
  const data = behind.slice(0, limit);
  return {
    object: 'list',
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: behind.length > limit,
  };
}
