import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import {
  type CountedConnection,
  connection,
  decodeCursor,
  encodeCursor,
  pageSize,
} from '#platform/data/paging/paging.ts';

const MAX_PAGE = 100;

/**
 * Returns a page of the people of a conversation, of whom there are few, in the order in which they came.
 *
 * @throws {CodedError} BAD_USER_INPUT for a page that is too large or a cursor that is none of this list.
 */
export async function pageOfPeople<Person extends { readonly userId: string }>(
  list: string,
  people: readonly Person[],
  { first, after }: PageArguments,
  cameAt: (person: Person) => Date,
): Promise<CountedConnection<Person>> {
  const size = pageSize('first', first, 20, MAX_PAGE);
  const behind = decodeCursor(list, 'after', after, ['time', 'id']);
  const keysOf = (person: Person): [string, string] => [cameAt(person).toISOString(), person.userId];
  const rest = behind ? people.filter((person) => keysOf(person).join() > behind.join()) : people;
  const sides = { next: rest.length > size, previous: behind !== undefined };
  return {
    ...connection(rest.slice(0, size), (person) => encodeCursor(list, ...keysOf(person)), sides),
    totalCount: async () => people.length,
  };
}
