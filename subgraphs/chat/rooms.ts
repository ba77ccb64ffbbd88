import type { Presence, PresenceEvent, PresenceState, PresentMember } from '#platform/realtime/presence/presence.ts';
import { conversationFor } from './access.ts';
import type { ConversationNews } from './conversation-topics.ts';
import { merge } from './merge.ts';
import type { ChatParts } from './parts.ts';

/** Returns the presence room of a conversation. */
export const roomOf = (conversationId: string): string => `conversation:${conversationId}`;

type Member = ReturnType<typeof memberOf>;

export type RoomEvent =
  | { readonly __typename: 'RoomMembers'; readonly members: readonly Member[] }
  | { readonly __typename: 'RoomMemberChanged'; readonly member: Member }
  | { readonly __typename: 'RoomMemberLeft'; readonly userId: string };

export type ConversationEvent =
  | RoomEvent
  | {
      readonly __typename: Exclude<ConversationNews['type'], 'ConversationDeleted'>;
      readonly conversationId: string;
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
  signal: AbortSignal,
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
 * Yields what happens in a conversation, from now on: news and presence. Once the first event (RoomMembers) is there,
 * nothing that happens afterwards is missed.
 *
 * @throws {CodedError} NOT_FOUND.
 */
export async function* conversationEvents(
  { db, topics, presence }: ChatParts,
  { userId, conversationId, state }: Visit,
  signal: AbortSignal,
): AsyncGenerator<ConversationEvent, void> {
  await conversationFor(db, userId, conversationId);
  const closing = new AbortController();
  const ended = AbortSignal.any([signal, closing.signal]);
  const news = await topics.read(conversationId, ended);
  await using _connection = await presence.join(roomOf(conversationId), userId, { state });
  try {
    const room = presence.watch(roomOf(conversationId), { signal: ended });
    for await (const event of merge<ConversationNews | PresenceEvent>(news, room)) {
      if (isNews(event)) {
        const gone =
          event.type === 'ConversationDeleted' || (event.type === 'ParticipantLeft' && event.userId === userId);
        if (gone) {
          yield { __typename: 'ConversationDeleted', conversationId };
          return;
        }
        const { type, ...ids } = event;
        yield { __typename: type, conversationId, ...ids };
      } else yield* roomEvent(conversationId, event);
    }
  } finally {
    closing.abort();
  }
}

const isNews = (event: ConversationNews | PresenceEvent): event is ConversationNews => /^[A-Z]/.test(event.type);

function* roomEvent(conversationId: string, event: PresenceEvent): Generator<RoomEvent, void> {
  const seen = (member: PresentMember) => memberOf(conversationId, member);
  if (event.type === 'members') yield { __typename: 'RoomMembers', members: event.members.map(seen) };
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
