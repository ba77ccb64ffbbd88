import type { UserIdentity } from '#platform/identity/identity.ts';
import type { ChatWorld } from './chat-world.ts';

/** A reader of a subscription that takes its events one by one. */
export class Reader<Event> {
  readonly events: Event[] = [];
  readonly #source: AsyncGenerator<Record<string, Event>, void>;
  readonly #field: string;

  constructor(source: AsyncGenerator<Record<string, Event>, void>, field: string) {
    this.#source = source;
    this.#field = field;
  }

  async next(): Promise<Event> {
    const { value, done } = await this.#source.next();
    if (done || value === undefined) throw new Error('the subscription ended');
    const event = value[this.#field]!;
    this.events.push(event);
    return event;
  }

  /** The next event that fits. */
  async until(fits: (event: Event) => boolean): Promise<Event> {
    for (;;) {
      const event = await this.next();
      if (fits(event)) return event;
    }
  }

  leave(): void {
    void this.#source.return();
  }
}

export interface ViewerNews {
  readonly cursor: string;
  readonly reset: boolean;
  readonly added: readonly { readonly id: string }[];
  readonly changed: readonly { readonly id: string; readonly unreadCount: number }[];
  readonly removed: readonly string[];
  readonly invitations: { readonly nodes: readonly { readonly conversationId: string }[] } | null;
}

export const VIEWER = `subscription($after: String) { viewerEvents(after: $after) {
  cursor reset foldersChanged
  added: addedConversations { id }
  changed: changedConversations { id title unreadCount }
  removed: removedConversationIds
  invitations { nodes { conversationId } }
} }`;

export const CONVERSATION_NEWS = `subscription($id: ID!, $after: String) { conversationEvents(id: $id, after: $after) {
  __typename
  ... on MessageCreated { cursor message { id } }
  ... on MessageUpdated { cursor message { id } }
  ... on ReplyStarted { cursor }
  ... on ReplyFinished { cursor message { id } }
  ... on ConversationUpdated { cursor }
  ... on RoomMembers { cursor }
} }`;

export const MARK = `mutation($input: MarkConversationReadInput!) {
  markConversationRead(input: $input) { conversation { id unreadCount } }
}`;

/** What waits to be read by a person. */
export async function unreadOf(
  world: ChatWorld,
  who: UserIdentity,
  id: string,
): Promise<{ unreadCount: number; lastReadMessageId: string | null }> {
  const query = 'query($id: ID!) { conversation(id: $id) { unreadCount lastReadMessageId } }';
  const { data } = await world.ask<{ conversation: { unreadCount: number; lastReadMessageId: string | null } }>(
    who,
    query,
    { id },
  );
  return data!.conversation;
}
