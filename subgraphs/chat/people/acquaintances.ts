import type { z } from 'zod';
import { badInput } from '#platform/base/errors/errors.ts';
import { findPeopleAnswer, type findPeopleRequest, MAX_CANDIDATES, PEOPLE_ROUTES } from '#platform/contracts/people.ts';
import { pageSize } from '#platform/data/paging/paging.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { ChatParts } from '../parts.ts';
import { askAuth } from './invitation-links.ts';

const MAX_SEARCH = 200;
const MAX_FOUND = 50;

/**
 * Finds people by name among those with whom the user shares a conversation now. Of all others nothing is told, not
 * even that they are there.
 *
 * @throws {CodedError} BAD_USER_INPUT, SUBGRAPH_UNAVAILABLE.
 */
export async function findPeople(
  chat: ChatParts,
  { userId }: UserIdentity,
  given: string,
  first: number | null | undefined,
): Promise<string[]> {
  const limit = pageSize('first', first, 10, MAX_FOUND);
  const search = given.trim();
  if (search === '') throw badInput('search', 'is empty; give a part of a name.');
  if (search.length > MAX_SEARCH) throw badInput('search', `is longer than ${MAX_SEARCH} characters.`);
  // Those of the latest conversations, where there are very many.
  const known = await chat.db.$queryRaw<{ id: string }[]>`
    SELECT other.user_id::text AS id FROM participants mine JOIN participants other USING (conversation_id)
    WHERE mine.user_id = ${userId}::uuid AND other.user_id <> ${userId}::uuid
    GROUP BY other.user_id ORDER BY max(mine.activity_at) DESC LIMIT ${MAX_CANDIDATES}`;
  if (known.length === 0) return [];
  const asked: z.input<typeof findPeopleRequest> = { ids: known.map(({ id }) => id), search, limit };
  return findPeopleAnswer.parse(await askAuth(chat, PEOPLE_ROUTES.find, asked)).ids;
}
