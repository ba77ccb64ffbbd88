import type { CancelSignal } from '#platform/base/cancellation/cancellation.ts';
import { untilAborted } from '#platform/base/cancellation/until-aborted.ts';
import { Bulkhead } from '#platform/base/faults/bulkhead.ts';
import type { Presence, PresenceEvent, PresenceState, PresentMember } from '#platform/realtime/presence/presence.ts';
import { arrivalsFor, conversationFor } from '../access.ts';
import type { ChatParts } from '../parts.ts';
import type { ConversationNews, HeardNews } from '../topics/conversation-topics.ts';
import { Arrivals } from './arrivals.ts';
import { merge } from './merge.ts';

/**
 * Conversations that this process opens at a time. When thousands of clients come back at once, others' queries find
 * the database's connections free in between, and people take turns, however many conversations each of them opens.
 */
const opening = new Bulkhead(6);

/** Returns the presence room of a conversation. */
export const roomOf = (conversationId: string): string => `conversation:${conversationId}`;

type Member = ReturnType<typeof memberOf>;

export type RoomEvent =
  | { readonly __typename: 'RoomMembers'; readonly members: readonly Member[]; readonly cursor: string }
  | { readonly __typename: 'RoomMemberChanged'; readonly member: Member }
  | { readonly __typename: 'RoomMemberLeft'; readonly userId: string };

export type ConversationEvent =
  | RoomEvent
  | {
      readonly __typename: Exclude<ConversationNews['type'], 'ConversationDeleted'>;
      readonly conversationId: string;
      readonly cursor: string;
      readonly messageId?: string;
      readonly userId?: string;
    }
  | { readonly __typename: 'ConversationDeleted'; readonly conversationId: string };

/** Returns a person in a room as clients see it: the same person in another room has another id. */
export const memberOf = (conversationId: string, member: PresentMember) => ({
  ...member,
  id: `${roomOf(conversationId)}:${member.userId}`,
});

interface Visit {
  readonly userId: string;
  readonly conversationId: string;
  readonly state: PresenceState;
}

/**
 * Yields who is in the room, from now on; the visitor is one of them until the iteration ends. It ends too when the
 * conversation is deleted or the visitor no longer takes part.
 *
 * @throws {CodedError} NOT_FOUND.
 */
export async function* roomPresence(
  chat: ChatParts,
  visit: Visit,
  signal: CancelSignal,
): AsyncGenerator<RoomEvent, void> {
  for await (const event of conversationEvents(chat, visit, signal)) {
    if (
      event.__typename === 'RoomMembers' ||
      event.__typename === 'RoomMemberChanged' ||
      event.__typename === 'RoomMemberLeft'
    ) {
      yield event;
    }
  }
}

/**
 * Yields what happens in a conversation: news and presence. Once the first event (RoomMembers, or what has arrived
 * since `after`) is there, nothing that happens afterwards is missed.
 *
 * @throws {CodedError} NOT_FOUND; BAD_USER_INPUT for a cursor that is none of this conversation.
 */
export async function* conversationEvents(
  { db, topics, presence }: ChatParts,
  { userId, conversationId, state, after }: Visit & { readonly after?: string | null },
  signal: CancelSignal,
): AsyncGenerator<ConversationEvent, void> {
  let news: AsyncIterableIterator<HeardNews> | undefined;
  try {
    const lookUp = () => arrivalsFor(db, userId, conversationId);
    // Who takes no part costs no subscription.
    await opening.run(lookUp, { client: userId, signal });
    news = await untilAborted(topics.read(conversationId, userId, signal), signal);
    // What arrived before the news are heard, and that one was removed meanwhile, is found by looking again. That takes
    // no second turn, behind everybody's first: it is one small query, and as many come as the turns let through.
    const arrivals = Arrivals.from(db, await untilAborted(lookUp(), signal), after);
    const told = ({ type, ...ids }: Exclude<ConversationNews, { type: 'ConversationDeleted' }>) =>
      ({ __typename: type, conversationId, ...ids, cursor: arrivals.cursor }) as const;
    await using _connection = await presence.join(roomOf(conversationId), userId, { state });
    if (after != null) {
      for await (const one of arrivals.next()) yield told(one);
      // What arrived in no message: the head of the conversation and its people, as they are now.
      yield told({ type: 'ConversationUpdated' });
      for (const { id } of await unfinished(db, conversationId)) yield told({ type: 'ReplyStarted', messageId: id });
    }
    const room = presence.watch(roomOf(conversationId), { signal });
    for await (const event of merge<HeardNews | PresenceEvent>(news, room)) {
      if (!isNews(event)) yield* roomEvent(conversationId, event, arrivals.cursor);
      else if (event.type === 'ConversationDeleted' || (event.type === 'ParticipantLeft' && event.userId === userId)) {
        yield { __typename: 'ConversationDeleted', conversationId };
        return;
      } else if (event.type === 'NewsMissed') {
        if (event.arrivals > arrivals.last) {
          for await (const one of arrivals.next()) yield told(one);
          yield told({ type: 'ConversationUpdated' });
        }
      } else if ('messageId' in event && event.type !== 'ReplyStarted') {
        for await (const one of arrivals.with(event)) yield told(one);
      } else yield told(event);
    }
  } finally {
    void news?.return?.();
  }
}

const unfinished = (db: ChatParts['db'], conversationId: string) =>
  db.message.findMany({
    where: { conversationId, status: { in: ['PENDING', 'STREAMING'] } },
    orderBy: { id: 'asc' },
    select: { id: true },
  });

const isNews = (event: HeardNews | PresenceEvent): event is HeardNews => /^[A-Z]/.test(event.type);

function* roomEvent(conversationId: string, event: PresenceEvent, cursor: string): Generator<RoomEvent, void> {
  const seen = (member: PresentMember) => memberOf(conversationId, member);
  if (event.type === 'members') yield { __typename: 'RoomMembers', members: event.members.map(seen), cursor };
  else if (event.type === 'left') yield { __typename: 'RoomMemberLeft', userId: event.userId };
  else yield { __typename: 'RoomMemberChanged', member: seen(event.member) };
}

/**
 * Sets the state of a user in a room.
 *
 * @returns false when the user has no connection in the room. @throws {CodedError} as `roomPresence`.
 */
export async function setPresence(
  { db, presence }: ChatParts,
  { userId, conversationId, state }: Visit,
): Promise<boolean> {
  await conversationFor(db, userId, conversationId);
  return presence.setState(roomOf(conversationId), userId, state);
}

/**
 * Tells a room that a user types, or does not any more.
 *
 * @returns false when the user has no connection in the room. @throws {CodedError} as `roomPresence`.
 */
export async function setTyping(
  { db, presence }: { readonly db: ChatParts['db']; readonly presence: Presence },
  userId: string,
  conversationId: string,
  typing: boolean,
): Promise<boolean> {
  await conversationFor(db, userId, conversationId);
  return presence.setTyping(roomOf(conversationId), userId, typing);
}
