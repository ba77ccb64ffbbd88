import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import {
  type CountedConnection,
  connection,
  decodeCursor,
  encodeCursor,
  pageSize,
} from '#platform/data/paging/paging.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import type { Loaders, SiblingGroup } from '../loaders.ts';

const LIST = 'siblings';
const MAX_PAGE = 100;

/**
 * Returns a page of the messages that stand beside one another, oldest first. Their ids are few and read at once for
 * all groups of an operation; the messages are read of the page alone.
 *
 * @throws {CodedError} BAD_USER_INPUT for a page that is too large or a cursor that is none of this list.
 */
export async function pageOfSiblings(
  { siblings, message }: Pick<Loaders, 'siblings' | 'message'>,
  group: SiblingGroup,
  { first, after }: PageArguments,
): Promise<CountedConnection<Message>> {
  const size = pageSize('first', first, 20, MAX_PAGE);
  const behind = decodeCursor(LIST, 'after', after, ['id'])?.[0];
  const all = await siblings.load(group);
  const rest = behind === undefined ? all : all.filter((id) => id > behind);
  const page = await message.loadMany(rest.slice(0, size));
  const nodes = page.flatMap((one) => (one === null || one instanceof Error ? [] : [one]));
  return {
    ...connection(nodes, ({ id }) => encodeCursor(LIST, id), {
      next: rest.length > size,
      previous: behind !== undefined,
    }),
    totalCount: async () => all.length,
  };
}

/** Returns the id of the sibling that stands so many places from a message; null where there is none. */
export async function siblingBeside(
  { siblings }: Pick<Loaders, 'siblings'>,
  message: Message,
  distance: number,
): Promise<string | null> {
  const all = await siblings.load(message);
  return all[all.indexOf(message.id) + distance] ?? null;
}
