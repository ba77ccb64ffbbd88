import type { Logger } from '#platform/base/log/log.ts';
import type { PrismaClient, TranscriptMessage } from '#prisma/memory/client/client.ts';
import { type Indexes, tenantOf } from './indexes.ts';
import { cutPassages } from './reader/passages.ts';
import { readPlainText } from './reader/plain-text.ts';

/** A message of a whole book is found by its beginning. */
const MAX_PIECES = 50;
/** Messages that are put into the index at a time. */
const MAX_AT_ONCE = 50;
/** UTF-16 code units that a recall waits for; about a quarter of a second of the offline model. */
const MAX_AWAITED = 6_000;

/** The messages of a conversation that a recall would look through and that are not in the index. */
export interface Unindexed {
  readonly ids: readonly string[];
  /** UTF-16 code units of all of them. */
  readonly length: number;
}

interface TranscriptParts {
  readonly db: PrismaClient;
  readonly indexes: Indexes;
  readonly log: Logger;
}

/**
 * The messages of conversations in the index. Most of them nothing ever searches for: a model gets what a conversation
 * has said as it is. So a message is embedded when a recall first looks through it: it was left on another branch, or
 * lies before what a model is given.
 */
export class Transcripts {
  readonly #memory: TranscriptParts;
  /** The conversations whose messages are being indexed in this process. */
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(memory: TranscriptParts) {
    this.#memory = memory;
  }

  /**
   * Makes messages of one conversation findable. A few are waited for; more go on in the background.
   *
   * @returns whether all of them are findable now.
   * @throws {CodedError} of the model or the store, and what `signal` says.
   */
  async findable(
    userId: string,
    conversationId: string,
    { ids, length }: Unindexed,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    if (ids.length === 0) return true;
    if (length <= MAX_AWAITED) {
      await this.index(userId, ids, signal);
      return true;
    }
    if (!this.#underWay.has(conversationId)) {
      const work = this.#inParts(userId, ids)
        .catch((error: unknown) =>
          this.#memory.log.warn({ err: error, conversationId }, 'messages could not be indexed; the next recall tries'),
        )
        .finally(() => this.#underWay.delete(conversationId));
      this.#underWay.set(conversationId, work);
    }
    return false;
  }

  async #inParts(userId: string, ids: readonly string[]): Promise<void> {
    for (let at = 0; at < ids.length; at += MAX_AT_ONCE) await this.index(userId, ids.slice(at, at + MAX_AT_ONCE));
  }

  /** Puts messages of a user into the index, in pieces of a passage's size. Safe to repeat. */
  async index(userId: string, ids: readonly string[], signal?: AbortSignal): Promise<void> {
    const { db, indexes } = this.#memory;
    const messages = await db.transcriptMessage.findMany({ where: { userId, id: { in: [...ids] } } });
    const index = await indexes.get('messages');
    const pieces = messages.map(piecesOf);
    const by = { userId, purpose: 'message-store' };
    const results = await index.put(tenantOf(userId), pieces.flat(), by, signal);
    const refused = results.find((result) => !result.ok);
    if (refused && !refused.ok) throw new Error(`the index refused a message: ${refused.error}`);
    const marked = await db.transcriptMessage.updateManyAndReturn({
      where: { id: { in: messages.map(({ id }) => id) } },
      data: { indexed: true },
      select: { id: true },
    });
    // Deleted meanwhile, and perhaps taken out of the index before it was put in.
    const there = new Set(marked.map(({ id }) => id));
    const gone = messages.flatMap(({ id }, at) => (there.has(id) ? [] : pieces[at]!.map((piece) => piece.id)));
    if (gone.length > 0) await index.remove(tenantOf(userId), gone);
  }
}

const piecesOf = ({ id, conversationId, text }: TranscriptMessage) =>
  cutPassages(readPlainText(text))
    .slice(0, MAX_PIECES)
    .map((piece, i) => ({ id: `${id}.${i}`, text: piece.text, properties: { conversationId, messageId: id } }));
