import { Connection, type ConnectionOptions } from './connection.ts';
import { Conversation } from './conversation.ts';
import {
  type CreateConversationInput,
  StartConversationDocument,
  WatchViewerDocument,
  type WatchViewerSubscription,
} from './generated/graphql.ts';
import { newId } from './new-id.ts';
import { Uploads } from './uploads.ts';

/** A client of one server for one person at a time. */
export class Sextant extends Connection {
  readonly uploads: Uploads;

  constructor(options: ConnectionOptions = {}) {
    super(options);
    this.uploads = new Uploads(this);
  }

  /** Returns the handle of a conversation that is there. */
  conversation(id: string): Conversation {
    return new Conversation(this, id);
  }

  /** Starts a conversation. With `clientConversationId`, sending it again is harmless. */
  async startConversation(input: CreateConversationInput = {}): Promise<Conversation> {
    const given = { clientConversationId: newId(), ...input };
    const { createConversation } = await this.request(StartConversationDocument, { input: given });
    return new Conversation(this, createConversation!.conversation.id);
  }

  /**
   * Yields what is new to the person: conversations that come, change and go, what is unread, invitations. After an
   * interruption it goes on where it was.
   *
   * @param options with `after`, the cursor of an event that was seen before.
   */
  async *viewerEvents({
    after,
    ...options
  }: {
    after?: string | undefined;
    signal?: AbortSignal;
    onInterruption?: () => void;
  } = {}): AsyncGenerator<ViewerEvent> {
    let cursor = after ?? null;
    for await (const { viewerEvents: event } of this.subscribe(
      WatchViewerDocument,
      () => ({ after: cursor }),
      options,
    )) {
      if (event == null) continue;
      cursor = event.cursor;
      yield event;
    }
  }
}

/** The news of a person since the event before. */
export type ViewerEvent = WatchViewerSubscription['viewerEvents'];

/** Creates a client. In a page of the server itself no address is needed. */
export const createSextant = (options: ConnectionOptions = {}): Sextant => new Sextant(options);
