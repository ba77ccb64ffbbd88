import { badInput } from '#platform/base/errors/errors.ts';
import { decodeCursor, encodeCursor } from '#platform/data/paging/paging.ts';
import { type Conversation, Prisma } from '#prisma/chat/client/client.ts';
import type { Database } from '../parts.ts';
import type { ConversationNews } from '../topics/conversation-topics.ts';

const LIST = 'conversation events';
/** Messages that are read at a time. */
const PAGE = 100;

const COLUMNS = Prisma.sql`id::text, arrival, role::text, removed_at IS NOT NULL AS "isRemoved"`;

/** A piece of news about a message. */
export type MessageNews = Extract<ConversationNews, { messageId: string }>;

interface Row {
  readonly id: string;
  readonly arrival: number | null;
  readonly role: 'USER' | 'ASSISTANT';
  readonly isRemoved: boolean;
}

/**
 * The place of a reader in what arrives in a conversation: messages, ends of replies, deletions. Each has a number in
 * the order of the commits, so a reader who comes back is told exactly what it lacks, and what topics lose, repeat or
 * bring out of order is put right.
 */
export class Arrivals {
  readonly #db: Database;
  readonly #conversationId: string;
  #last: number;

  private constructor(db: Database, conversationId: string, last: number) {
    this.#db = db;
    this.#conversationId = conversationId;
    this.#last = last;
  }

  /**
   * Begins behind a cursor, or with the conversation as it was read.
   *
   * @throws {CodedError} BAD_USER_INPUT for a cursor of another conversation, or none.
   */
  static from(
    db: Database,
    { id: conversationId, arrivals }: Pick<Conversation, 'id' | 'arrivals'>,
    after: string | null | undefined,
  ): Arrivals {
    const keys = decodeCursor(LIST, 'after', after, ['id', 'number']);
    if (keys && keys[0] !== conversationId) throw badInput('after', 'is a cursor of another conversation.');
    return new Arrivals(db, conversationId, keys ? Math.min(Number(keys[1]), arrivals) : arrivals);
  }

  /** The number of the last that was told. */
  get last(): number {
    return this.#last;
  }

  /** What `after` takes to go on from here. */
  get cursor(): string {
    return encodeCursor(LIST, this.#conversationId, String(this.#last));
  }

  /** Yields what has arrived since the last one, in its order. */
  async *next(): AsyncGenerator<MessageNews, void> {
    for (;;) {
      const rows = await this.#db.$queryRaw<Row[]>`
        SELECT ${COLUMNS} FROM messages WHERE conversation_id = ${this.#conversationId}::uuid AND arrival > ${this.#last}
        ORDER BY arrival LIMIT ${PAGE}`;
      yield* this.#tell(rows);
      if (rows.length < PAGE) return;
    }
  }

  /** Yields what a piece of news tells, and what arrived before it; nothing when all of that was told already. */
  async *with(news: MessageNews): AsyncGenerator<MessageNews, void> {
    const { type, messageId } = news;
    const rows = await this.#db.$queryRaw<Row[]>`
      SELECT ${COLUMNS} FROM messages WHERE id = ${messageId}::uuid
      UNION SELECT ${COLUMNS} FROM messages WHERE conversation_id = ${this.#conversationId}::uuid
        AND arrival > ${this.#last} AND arrival <= (SELECT arrival FROM messages WHERE id = ${messageId}::uuid)
      ORDER BY arrival`;
    const arrival = rows.find(({ id }) => id === messageId)?.arrival ?? null;
    // A reply that is asked for has no number before it ends.
    const isNumbered = arrival !== null && !(type === 'MessageCreated' && rows.at(-1)?.role === 'ASSISTANT');
    if (!isNumbered) yield news;
    else if (arrival > this.#last) yield* this.#tell(rows);
    // Another change than its arrival, which was told.
    else if (type === 'MessageUpdated') yield news;
  }

  *#tell(rows: readonly Row[]): Generator<MessageNews, void> {
    for (const { id: messageId, arrival, role, isRemoved } of rows) {
      this.#last = arrival!;
      yield { type: isRemoved ? 'MessageUpdated' : role === 'USER' ? 'MessageCreated' : 'ReplyFinished', messageId };
    }
  }
}
