import { setTimeout as sleep } from 'node:timers/promises';
import { StreamFencedError } from '#platform/realtime/streams/stream-errors.ts';
import type { StreamWriter } from '#platform/realtime/streams/stream-log.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import { type Draft, EMPTY_DRAFT } from '../draft/draft.ts';
import type { ChatParts } from '../parts.ts';
import { type Outcome, StopRequest } from './outcome.ts';
import { asStreamFinal, finalOf, settle } from './settle.ts';

/** How long the end of a reply is offered to a database that does not answer, in ms. */
const SETTLE_FOR_MS = 60_000;
/** The same when a caller waits for the end: a person who stopped it, or a shutdown. */
const SETTLE_STOPPED_FOR_MS = 3_000;

/** How often a database that answers may refuse the end of a reply: a deadlock passes, a wrong value does not. */
const MAX_REFUSALS = 3;
const NOT_STORED = {
  code: 'INTERNAL_SERVER_ERROR',
  message: 'The reply could not be stored as it was; its text is kept. The administrator finds the reason in the log.',
};

/** The database answers, and refuses what is to be stored. */
class Refused extends Error {
  override name = 'Refused';
}

/** The reply that ends, as its process holds it. */
export interface Ending {
  readonly reply: Message;
  readonly writer: StreamWriter;
  /** Aborted with a StopRequest where a caller waits for the end. */
  readonly stop: AbortSignal;
}

/** The outcome of an end. */
export interface EndedReply {
  /** The replies that have waited for this one; undefined when it is no longer this process's to end. */
  readonly waiting: readonly string[] | undefined;
  /** As it is stored. */
  readonly outcome: Outcome;
}

/**
 * Stores the end of a reply, or what there is of it, and tells its readers. Tries for a while when the database does
 * not answer; afterwards the reply is left for recovery. What a database that answers refuses, it will refuse again:
 * that is told at once.
 */
export async function endReply(chat: ChatParts, ending: Ending, draft: Draft, outcome: Outcome): Promise<EndedReply> {
  const ended = await storeEnd(chat, ending, draft, outcome);
  // Not ours: deleted with its conversation, or taken over, in which case the log refuses this end.
  const told: Outcome = ended.waiting === undefined ? { ...ended.outcome, status: 'STOPPED' } : ended.outcome;
  try {
    await ending.writer.finish(asStreamFinal(finalOf(draft.text, told)));
  } catch (error) {
    if (!(error instanceof StreamFencedError)) {
      chat.log.warn({ err: error, replyId: ending.reply.id }, 'readers of a reply were not told its end');
    }
  }
  return ended;
}

async function storeEnd(chat: ChatParts, ending: Ending, draft: Draft, outcome: Outcome): Promise<EndedReply> {
  const replyId = ending.reply.id;
  try {
    return { waiting: await store(chat, ending, draft, outcome), outcome };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    chat.log.error({ err: error.cause, replyId }, 'the end of a reply cannot be stored; its text alone is kept');
  }
  const status = draft.text === '' ? 'FAILED' : 'INTERRUPTED';
  const rest: Outcome = { status, error: NOT_STORED, records: [] };
  try {
    return { waiting: await store(chat, ending, { ...EMPTY_DRAFT, text: draft.text }, rest), outcome: rest };
  } catch (error) {
    await ending.writer.release();
    throw error;
  }
}

async function store(
  chat: ChatParts,
  { reply, writer, stop }: Ending,
  draft: Draft,
  outcome: Outcome,
): Promise<readonly string[] | undefined> {
  const { log, db } = chat;
  const patience = stop.reason instanceof StopRequest ? SETTLE_STOPPED_FOR_MS : SETTLE_FOR_MS;
  const giveUpAt = performance.now() + patience;
  let refusals = 0;
  for (let pause = 100; ; pause = Math.min(2 * pause, 2_000)) {
    try {
      return await settle(chat, reply, reply.epoch, draft, outcome);
    } catch (error) {
      log.warn({ err: error, replyId: reply.id }, 'the end of a reply could not be stored; trying again');
      const answers = await db.$queryRaw`SELECT 1`.then(
        () => true,
        () => false,
      );
      if (answers && ++refusals >= MAX_REFUSALS) throw new Refused('the database refused it', { cause: error });
      if (performance.now() > giveUpAt) {
        await writer.release();
        throw error;
      }
      await sleep(pause);
    }
  }
}
