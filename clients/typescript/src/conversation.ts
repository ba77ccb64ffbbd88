import type { Connection } from './connection.ts';
import { isError, isPassing, SextantError } from './errors.ts';
import type {
  EditMessageInput,
  FeedbackRating,
  PresenceState,
  RegenerateReplyInput,
  SendMessageInput,
  ToolResultInput,
} from './generated/graphql.ts';
import {
  ApproveToolCallDocument,
  DeleteMessageDocument,
  EditMessageDocument,
  MarkReadDocument,
  RateReplyDocument,
  type ReadMessageFragment,
  ReadMessagesDocument,
  RegenerateReplyDocument,
  RejectToolCallDocument,
  SendMessageDocument,
  SetTypingDocument,
  SubmitToolResultsDocument,
  WatchConversationDocument,
  type WatchConversationSubscription,
  WatchRoomDocument,
} from './generated/graphql.ts';
import { dataOf } from './http.ts';
import { newId } from './new-id.ts';
import { pause } from './pause.ts';
import { type FollowOptions, Reply } from './reply.ts';

/** A message as a chat window shows it. */
export type ChatMessage = ReadMessageFragment;
/** An event of a conversation. */
export type ConversationEvent = WatchConversationSubscription['conversationEvents'];
/** A person in the room. */
export type Member = Extract<ConversationEvent, { __typename: 'RoomMembers' }>['members'][number];

/** The options of a message, beside its text. */
export type SendOptions = Omit<SendMessageInput, 'conversationId' | 'text' | 'clientMessageId' | 'reply'> & {
  /** Made here unless a message that was stored before is sent again. */
  readonly clientMessageId?: string;
  readonly signal?: AbortSignal;
};

/** A person waits; more tries than these do not help. */
const MAX_TRIES = 8;

/** A conversation: send, follow, edit, regenerate, read, watch. */
export class Conversation {
  readonly id: string;
  readonly #connection: Connection;

  constructor(connection: Connection, id: string) {
    this.#connection = connection;
    this.id = id;
  }

  /** Sends a message; iterate what is returned for the reply. Sent again after a cut, it is still one message. */
  send(text: string, { signal, clientMessageId = newId(), ...options }: SendOptions = {}): Reply {
    const input = { ...options, conversationId: this.id, text, clientMessageId };
    return this.#reply(signal, async (within) => {
      const { sendMessage } = await this.#connection.request(SendMessageDocument, { input }, { signal, ...within });
      return sendMessage?.reply?.id;
    });
  }

  /** Sends another version of a message, beside the old one. */
  edit(messageId: string, text: string, options: Partial<EditMessageInput> = {}): Reply {
    const input = { clientMessageId: newId(), ...options, id: messageId, text };
    return this.#reply(undefined, async (within) => {
      const { editMessage } = await this.#connection.request(EditMessageDocument, { input }, within);
      return editMessage?.reply?.id;
    });
  }

  /** Asks for another reply beside the one that is there. */
  regenerate(messageId: string, options: Partial<RegenerateReplyInput> = {}): Reply {
    const input = { clientMessageId: newId(), ...options, id: messageId };
    return this.#reply(undefined, async (within) => {
      const { regenerateReply } = await this.#connection.request(RegenerateReplyDocument, { input }, within);
      return regenerateReply?.reply.id;
    });
  }

  /**
   * Answers the calls that a reply made of tools of the client, all of them at once. The same again changes nothing.
   *
   * @param messageId the reply that called them.
   * @returns the reply that goes on from there.
   * @throws {SextantError} CONFLICT where they were answered otherwise; BAD_USER_INPUT where one has no answer.
   */
  submitToolResults(messageId: string, results: readonly ToolResultInput[]): Reply {
    const input = { id: messageId, results: [...results] };
    return this.#reply(undefined, async (within) => {
      const { submitToolResults } = await this.#connection.request(SubmitToolResultsDocument, { input }, within);
      return submitToolResults?.reply.id;
    });
  }

  /** Follows a reply that is under way or done, with the text that is here already. */
  follow(messageId: string, options: FollowOptions = {}): Reply {
    return new Reply(this.#connection, Promise.resolve(messageId), options);
  }

  /**
   * Allows or refuses a call of a tool that waits for a yes. The same again changes nothing.
   *
   * @param messageId the reply that makes the call.
   * @returns the reply that goes on from there; undefined while other calls wait.
   * @throws {SextantError} FORBIDDEN to all but the person who asked for the reply; CONFLICT when it was decided
   * otherwise, or when its time is over.
   */
  async decide(messageId: string, callId: string, isAllowed: boolean): Promise<Reply | undefined> {
    const input = { id: messageId, callId };
    const reply = isAllowed
      ? (await this.#connection.request(ApproveToolCallDocument, { input })).approveToolCall?.reply
      : (await this.#connection.request(RejectToolCallDocument, { input })).rejectToolCall?.reply;
    return reply ? this.follow(reply.id) : undefined;
  }

  /** Reads the newest messages of the active branch, or those before a cursor; oldest first. */
  async messages({ last = 50, before }: { last?: number; before?: string } = {}): Promise<{
    messages: readonly ChatMessage[];
    /** What `before` takes to read on; undefined at the beginning. */
    before: string | undefined;
  }> {
    const variables = { id: this.id, last, before: before ?? null };
    const answer = await this.#connection.execute({ document: ReadMessagesDocument, variables });
    // What a part of the server that is down would add, such as the name of an author, is null; the messages are here.
    const conversation = answer.data?.conversation ?? dataOf(answer).conversation;
    if (!conversation) throw new SextantError('NOT_FOUND', 'The conversation was not found.');
    const { nodes, pageInfo } = conversation.messages;
    return { messages: nodes, before: pageInfo.hasPreviousPage ? (pageInfo.startCursor ?? undefined) : undefined };
  }

  /**
   * Yields what happens in the conversation. After an interruption it goes on where it was: messages, ends of replies
   * and deletions come once each.
   *
   * @param options with `after`, the cursor of an event that was seen before.
   */
  async *events({
    after,
    ...options
  }: {
    after?: string | undefined;
    signal?: AbortSignal;
    onInterruption?: () => void;
  } = {}): AsyncGenerator<ConversationEvent> {
    let cursor = after ?? null;
    const variables = () => ({ id: this.id, after: cursor });
    for await (const { conversationEvents: event } of this.#connection.subscribe(
      WatchConversationDocument,
      variables,
      options,
    )) {
      if (event == null) continue;
      if ('cursor' in event) cursor = event.cursor;
      yield event;
    }
  }

  /** Deletes what a message says, for all and for good. */
  async deleteMessage(messageId: string): Promise<void> {
    await this.#connection.request(DeleteMessageDocument, { input: { id: messageId } });
  }

  /** Says whether a reply was good; null takes it back. */
  async rate(messageId: string, rating: FeedbackRating | null, comment?: string): Promise<void> {
    const input = { id: messageId, rating, ...(comment !== undefined && { comment }) };
    await this.#connection.request(RateReplyDocument, { input });
  }

  /** Marks the conversation as read, up to a message or all of it. */
  async markRead(messageId?: string): Promise<void> {
    const input = { id: this.id, ...(messageId !== undefined && { messageId }) };
    await this.#connection.request(MarkReadDocument, { input });
  }

  /** Yields who is in the room, each time that it changes. The caller is seen there while this is iterated. */
  async *presence({
    state = 'ONLINE',
    signal,
  }: {
    state?: PresenceState;
    signal?: AbortSignal;
  } = {}): AsyncGenerator<readonly Member[]> {
    let members: readonly Member[] = [];
    const variables = { id: this.id, state };
    for await (const { roomPresence: event } of this.#connection.subscribe(WatchRoomDocument, variables, { signal })) {
      if (event == null) continue;
      if (event.__typename === 'RoomMembers') members = event.members;
      else {
        const userId = event.__typename === 'RoomMemberLeft' ? event.userId : event.member.userId;
        const others = members.filter((member) => member.userId !== userId);
        members = event.__typename === 'RoomMemberChanged' ? [...others, event.member] : others;
      }
      yield members;
    }
  }

  /** Shows the others in the room that the caller types, or no longer does. */
  async setTyping(typing: boolean): Promise<void> {
    await this.#connection.request(SetTypingDocument, { input: { id: this.id, typing } });
  }

  #reply(signal: AbortSignal | undefined, send: (within: Within) => Promise<string | undefined>): Reply {
    const within = { withinMs: this.#connection.answerWithinMs };
    return new Reply(
      this.#connection,
      persistently(() => send(within), signal),
      { signal },
    );
  }
}

type Within = { readonly withinMs: number };

/** Repeats what has an id of its own until it is answered: twice is once. */
async function persistently(send: () => Promise<string | undefined>, signal?: AbortSignal): Promise<string> {
  for (let tries = 0; ; tries++) {
    try {
      const id = await send();
      if (id !== undefined) return id;
      throw new SextantError('INTERNAL_SERVER_ERROR', 'The server took the message and named no reply.');
    } catch (error) {
      if (!isPassing(error) || isError(error, 'RATE_LIMITED') || tries >= MAX_TRIES) throw error;
    }
    await pause(tries, signal);
  }
}
