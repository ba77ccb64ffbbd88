import { setTimeout as sleep } from 'node:timers/promises';
import { guarded } from '#platform/base/faults/guarded.ts';
import { hotRows } from '#platform/data/database/hot-statements.ts';
import { StreamFencedError, StreamFinishedError, StreamHeldError } from '#platform/realtime/streams/stream-errors.ts';
import type { StreamWriter } from '#platform/realtime/streams/stream-log.ts';
import { type Message, Prisma } from '#prisma/chat/client/client.ts';
import { type Draft, EMPTY_DRAFT, finished, fromChunk, piecesOf, readDrafts, toChunk } from '../draft/draft.ts';
import { draftOfChunks, longer } from '../draft/live-draft.ts';
import { type ChatParts, TRANSACTION } from '../parts.ts';
import { backFrom, MESSAGE_COLUMNS } from '../tree.ts';
import { compositionOf, type Setting } from './compose.ts';
import { recordEstimate } from './estimate.ts';
import { Journal } from './journal.ts';
import { OngoingReply } from './ongoing-reply.ts';
import { StopRequest } from './outcome.ts';
import { MAX_HISTORY, MAX_HISTORY_BYTES } from './prompt.ts';
import { announce, asStreamFinal, finalOf, settle } from './settle.ts';

/** How long a process may be silent before its replies count as abandoned, in ms. */
const LEASE_MS = 3_000;
/** How often each process looks for replies that it had no room for or has given up, in ms. */
const LOOK_EVERY_MS = 1_000;
/**
 * Of so many times once for those of other processes. Their readers do not wait for it: who reads has an abandoned
 * reply ended at once.
 */
const REST_LOOKS = 5;
/** A reply that was just asked for is left to the process that was asked, for this long, in ms. */
const HEAD_START_MS = 1_000;
/** How long a shutdown waits for replies before it cuts them short, as a share of SHUTDOWN_TIMEOUT_MS. */
const GRACE = 0.5;

const CUT_SHORT = { code: 'SERVICE_UNAVAILABLE', message: 'The server was shut down while it wrote this reply.' };
const DIED = { code: 'SERVICE_UNAVAILABLE', message: 'The process that wrote this reply ended before the reply did.' };

/** A reply that this process was just asked for. */
export interface Asked extends Setting {
  readonly reply: Message;
}

/**
 * The replies that are written. A pending reply is a row in the database, so it is written whatever happens to the
 * process that was asked for it: every replica looks for rows that no process works on. The lease of the reply's stream
 * decides who writes it, and the epoch of its row whose words count.
 */
export class Replies implements AsyncDisposable {
  readonly #chat: ChatParts;
  readonly #journal: Journal;
  readonly #running = new Map<string, OngoingReply | 'starting'>();
  /** Those of the running that this process was asked for, as they are now. */
  readonly #asked = new Map<string, Asked>();
  /** Replies of this process that wait for another of its, by the one they wait for. */
  readonly #waiters = new Map<string, Set<string>>();
  readonly #work = new Set<Promise<void>>();
  readonly #closing = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #looking = false;
  #looks = 0;
  /** Whether there may be work that no process has: there was no room for it, or it went wrong. */
  #isShort = false;
  #estimating: Promise<void> = Promise.resolve();
  /** Whether what is begun now is cut short at once. */
  #cut = false;

  constructor(chat: ChatParts) {
    this.#chat = chat;
    this.#journal = new Journal(chat.db, chat.metrics, chat.log);
    this.#timer = setInterval(
      guarded({ where: 'replies', log: chat.log }, async () => {
        if (this.#isShort || ++this.#looks % REST_LOOKS === 0) await this.findWork();
      }),
      LOOK_EVERY_MS,
    ).unref();
  }

  /** Begins a pending reply in this process, if it has room and no other process was quicker. */
  wake(replyId: string, asked?: Asked): void {
    if (this.#closing.signal.aborted || this.#running.has(replyId)) return;
    if (this.#running.size >= this.#chat.config.CHAT_REPLIES_PER_PROCESS) {
      this.#isShort = true;
      return;
    }
    this.#running.set(replyId, 'starting');
    if (asked) this.#asked.set(replyId, asked);
    const work = this.#write(replyId, asked)
      .catch((error: unknown) => {
        this.#isShort = true;
        this.#chat.log.error({ err: error, replyId }, 'a reply could not be written');
      })
      .finally(() => {
        this.#running.delete(replyId);
        this.#asked.delete(replyId);
        this.#work.delete(work);
        this.#chat.metrics.running.set(this.#running.size);
      });
    this.#work.add(work);
    this.#chat.metrics.running.set(this.#running.size);
  }

  /** Returns a reply that this process writes or is about to write, if its reader owns the conversation. */
  ofOwner(replyId: string, userId: string): Message | undefined {
    const asked = this.#asked.get(replyId);
    return asked?.conversation.ownerId === userId ? asked.reply : undefined;
  }

  /**
   * Looks for replies that no process works on: pending ones are begun, abandoned ones ended. Runs by itself every
   * second while there may be some here, and every five in any case.
   */
  async findWork(): Promise<void> {
    if (this.#looking || this.#closing.signal.aborted) return;
    this.#looking = true;
    this.#isShort = false;
    try {
      const rows = await this.#chat.db.$queryRaw<{ id: string; status: string }[]>`
        SELECT m.id::text, m.status::text FROM messages m
        LEFT JOIN messages w ON w.id = m.waits_for_id AND w.status IN ('PENDING', 'STREAMING')
        WHERE w.id IS NULL AND (
          (m.status = 'PENDING' AND m.created_at < now() - ${HEAD_START_MS}::int * interval '1 ms')
          OR (m.status = 'STREAMING' AND m.heartbeat_at < now() - ${LEASE_MS}::int * interval '1 ms'))
        ORDER BY m.id LIMIT 500`;
      for (const { id, status } of rows) {
        if (status === 'PENDING') this.wake(id);
        else await this.recover(id);
      }
    } catch (error) {
      this.#isShort = true;
      this.#chat.log.warn({ err: error }, 'looking for unfinished replies failed; trying again in a second');
    } finally {
      this.#looking = false;
    }
  }

  /**
   * At the start: without Redis no other process can be writing, so what looks under way died with the last one. It
   * goes on in the background; a reader who is quicker has its reply recovered first.
   */
  recoverAll(): void {
    this.#behind(this.#recoverAll(), 'abandoned replies could not be ended');
  }

  /** Runs work that only a shutdown waits for. */
  #behind(started: Promise<void>, failure: string): void {
    const work = started
      .catch((error: unknown) => this.#chat.log.error({ err: error }, failure))
      .finally(() => this.#work.delete(work));
    this.#work.add(work);
  }

  async #recoverAll(): Promise<void> {
    const rows = await this.#chat.db.message.findMany({ where: { status: 'STREAMING' }, select: { id: true } });
    for (const { id } of rows) {
      if (this.#closing.signal.aborted) return;
      await this.recover(id);
    }
  }

  /**
   * Ends a reply whose process has died as INTERRUPTED, with all that anybody saw of it. Does nothing when it is alive.
   */
  async recover(replyId: string): Promise<void> {
    if (this.#running.has(replyId)) return;
    const { db, streams, config } = this.#chat;
    const [state, reply] = await Promise.all([
      streams.inspect(replyId),
      db.message.findUnique({ where: { id: replyId }, select: { status: true } }),
    ]);
    if (state?.status === 'live' || reply?.status === 'PENDING') return;
    // A Redis that was emptied knows no stream, though its producer may live: then only a missing heartbeat is proof.
    const dead = state?.status === 'abandoned' || config.redisUrl === undefined;
    const writer = await this.#open(replyId);
    if (writer === 'held') return;
    try {
      const interrupted = await this.#interrupt(replyId, writer, {
        status: 'STREAMING',
        ...(!dead && { heartbeatAt: { lt: new Date(Date.now() - LEASE_MS) } }),
      });
      if (!interrupted && writer) await this.#endStream(writer, replyId);
    } catch (error) {
      await writer?.release();
      throw error;
    }
    await this.#wakeWaiting(replyId);
  }

  /**
   * Ends a reply as INTERRUPTED with all that anybody saw of it, if it is as `found` says.
   *
   * @param writer of its stream; undefined when that has ended already.
   */
  async #interrupt(
    replyId: string,
    writer: StreamWriter | undefined,
    found: Prisma.MessageWhereInput,
  ): Promise<boolean> {
    const { db, metrics, topics, log } = this.#chat;
    // A higher epoch first: from here on nothing of the old process counts, so the draft that is read is the last
    // word. The log has all that was shown; where it was lost too, the database has it but for the last second.
    const [claimed] = await db.message.updateManyAndReturn({
      where: { ...found, id: replyId },
      data: { epoch: { increment: 1 }, status: 'STREAMING' },
    });
    if (!claimed) return false;
    const stored = (await readDrafts(db, [replyId])).get(replyId) ?? EMPTY_DRAFT;
    const draft = longer(stored, draftOfChunks(writer?.content() ?? []));
    const outcome = { status: 'INTERRUPTED', error: DIED, records: [] } as const;
    await settle(this.#chat, claimed, claimed.epoch, draft, outcome);
    metrics.recovered.inc();
    metrics.replies.inc({ status: outcome.status });
    log.info({ replyId, length: draft.text.length }, 'an abandoned reply was ended as interrupted');
    if (writer) await catchUp(writer, draft, asStreamFinal(finalOf(draft.text, outcome)));
    await topics.publish(claimed.conversationId, { type: 'ReplyFinished', messageId: replyId });
    // One at a time: after a crash there are many, and readers who wait for their end come first.
    this.#estimating = this.#estimating
      .then(() => recordEstimate(this.#chat, claimed, draft))
      .catch((error: unknown) => {
        log.warn({ err: error, replyId }, 'the tokens of an abandoned reply could not be estimated');
      });
    return true;
  }

  /**
   * Cancels a reply that has not been begun.
   *
   * @returns false when it has.
   */
  async cancel(reply: Message): Promise<boolean> {
    const { db, topics, metrics } = this.#chat;
    const cancelled = await db.$transaction(async (tx) => {
      const completedAt = new Date();
      // First the conversation, as everywhere: what comes into it comes one after another.
      const { arrivals } = await tx.conversation.update({
        where: { id: reply.conversationId },
        data: { arrivals: { increment: 1 } },
        select: { arrivals: true },
      });
      const { count } = await tx.message.updateMany({
        where: { id: reply.id, status: 'PENDING' },
        data: { status: 'STOPPED', completedAt, arrival: arrivals },
      });
      if (count === 0) return false;
      await tx.message.updateMany({ where: { waitsForId: reply.id }, data: { waitsForId: reply.waitsForId } });
      await announce(this.#chat, tx, reply, 'STOPPED', '', undefined, completedAt);
      return true;
    }, TRANSACTION);
    if (cancelled) {
      metrics.replies.inc({ status: 'STOPPED' });
      await topics.publish(reply.conversationId, { type: 'ReplyFinished', messageId: reply.id });
      await this.#wakeWaiting(reply.waitsForId ?? reply.id);
    }
    return cancelled;
  }

  /** Lets running replies end for a while, then cuts them short: their text is kept as INTERRUPTED. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    clearInterval(this.#timer);
    const grace = new AbortController();
    await Promise.race([
      Promise.all(this.#work),
      sleep(this.#chat.config.SHUTDOWN_TIMEOUT_MS * GRACE, undefined, { signal: grace.signal }).catch(() => {}),
    ]);
    grace.abort();
    this.#cut = true;
    for (const run of this.#running.values()) {
      if (run !== 'starting') run.stop(new StopRequest('INTERRUPTED', CUT_SHORT));
    }
    await Promise.all(this.#work);
    await this.#estimating;
    await this.#journal[Symbol.asyncDispose]();
  }

  async #write(replyId: string, asked?: Asked): Promise<void> {
    const { db, topics } = this.#chat;
    const stored = asked?.reply;
    const free = stored !== undefined && stored.waitsForId === null;
    if (!free && !(await this.#mayBegin(replyId))) return this.#wait(replyId, stored?.waitsForId);
    const writer = await this.#open(replyId);
    if (writer === 'held' || writer === undefined) return;
    let run: OngoingReply | undefined;
    let told: Promise<void> | undefined;
    try {
      if (writer.last > 0) {
        // It was begun before and the database has lost that, with the process that had begun it.
        if (!(await this.#interrupt(replyId, writer, { status: 'PENDING' }))) await this.#endStream(writer, replyId);
        return await this.#wakeWaiting(replyId);
      }
      const claim = await this.#claim(replyId, stored?.parentId ?? null);
      if (claim === undefined) return await this.#endStream(writer, replyId);
      const { claimed, history } = claim;
      const row = stored ?? (await db.message.findUniqueOrThrow({ where: { id: replyId } }));
      const reply = { ...row, ...claimed };
      if (asked) this.#asked.set(replyId, { ...asked, reply });
      const composing = compositionOf(this.#chat, reply, { setting: asked, ...(stored && { history }) });
      composing.catch(() => {});
      run = new OngoingReply(this.#chat, this.#journal, reply, writer, composing);
      this.#running.set(replyId, run);
      if (this.#cut) run.stop(new StopRequest('INTERRUPTED', CUT_SHORT));
      // The first word does not wait for it.
      told = topics.publish(reply.conversationId, { type: 'ReplyStarted', messageId: replyId });
    } catch (error) {
      await writer.release();
      throw error;
    }
    const [waiting] = await Promise.all([run.write(), told]);
    // Those that were asked for while this one was ended, too: its last statement may not have seen them.
    for (const id of new Set([...waiting, ...(this.#waiters.get(replyId) ?? [])])) this.wake(id);
    this.#waiters.delete(replyId);
    await run.title(this.#closing.signal);
  }

  /** Notes that a reply waits for another, if that is written here. */
  #wait(replyId: string, earlierId: string | null | undefined): void {
    if (earlierId == null || !this.#running.has(earlierId)) {
      this.#isShort ||= earlierId != null;
      return;
    }
    const waiters = this.#waiters.get(earlierId) ?? new Set();
    this.#waiters.set(earlierId, waiters.add(replyId));
  }

  /**
   * Makes a pending reply this process's. Nothing waits for the disk where the database outlives this process: what a
   * crash takes of it, the journal writes again.
   *
   * @param parentId of the reply, where it is known: what leads there is read by the same statement.
   * @returns undefined when it is not pending.
   */
  async #claim(replyId: string, parentId: string | null) {
    const { db, config } = this.#chat;
    const now = new Date();
    const commit = config.DATABASE_URL === undefined ? 'on' : 'off';
    const rows = await hotRows<Message & { readonly claimed: number | null }>(
      db,
      Prisma.sql`
      WITH RECURSIVE soon AS (SELECT set_config('synchronous_commit', ${commit}, true)),
      claimed AS (
        UPDATE messages SET status = 'STREAMING', epoch = epoch + 1, started_at = ${now}::timestamptz,
          heartbeat_at = ${now}::timestamptz
        WHERE id = ${replyId}::uuid AND status = 'PENDING' RETURNING epoch
      ), ${backFrom(parentId, MAX_HISTORY, MAX_HISTORY_BYTES)}
      SELECT (SELECT epoch FROM claimed) AS claimed, ${MESSAGE_COLUMNS}
      FROM soon LEFT JOIN (way JOIN messages m ON m.id = way.id) ON true ORDER BY step DESC`,
    );
    const epoch = rows[0]?.claimed ?? null;
    if (epoch === null) return undefined;
    return {
      claimed: { epoch, status: 'STREAMING' as const, startedAt: now, heartbeatAt: now },
      history: parentId === null ? [] : rows.map(({ claimed: _, ...message }) => message),
    };
  }

  /** @returns 'held' when another process writes the reply; undefined when its stream has ended already. */
  async #open(replyId: string): Promise<StreamWriter | 'held' | undefined> {
    try {
      return await this.#chat.streams.open(replyId, { leaseMs: LEASE_MS });
    } catch (error) {
      if (error instanceof StreamHeldError) return 'held';
      if (error instanceof StreamFinishedError) return undefined;
      throw error;
    }
  }

  /** Ends a stream whose reply is not ours to write: readers who wait on it are told what the database says. */
  async #endStream(writer: StreamWriter, replyId: string): Promise<void> {
    const reply = await this.#chat.db.message.findUnique({ where: { id: replyId } });
    if (reply?.status === 'PENDING' || reply?.status === 'STREAMING') return writer.release();
    const error = reply?.errorCode ? { code: reply.errorCode, message: reply.errorMessage ?? '' } : null;
    const draft = reply ? finished(reply) : EMPTY_DRAFT;
    await catchUp(
      writer,
      draft,
      asStreamFinal({ status: reply?.status ?? 'STOPPED', lastSeq: draft.text.length, error, usage: null }),
    );
  }

  /** Whether the reply is pending and the earlier one that it waits for, if any, has ended. */
  async #mayBegin(replyId: string): Promise<boolean> {
    const [row] = await this.#chat.db.$queryRaw<unknown[]>`
      SELECT 1 FROM messages m
      LEFT JOIN messages w ON w.id = m.waits_for_id AND w.status IN ('PENDING', 'STREAMING')
      WHERE m.id = ${replyId}::uuid AND m.status = 'PENDING' AND w.id IS NULL`;
    return row !== undefined;
  }

  async #wakeWaiting(replyId: string): Promise<void> {
    const waiting = await this.#chat.db.message.findMany({
      where: { status: 'PENDING', waitsForId: replyId },
      select: { id: true },
    });
    for (const { id } of waiting) this.wake(id);
  }
}

/** Brings a stream up to what the database has, and ends it. */
async function catchUp(
  writer: StreamWriter,
  draft: Draft,
  final: Parameters<StreamWriter['finish']>[0],
): Promise<void> {
  try {
    const shown = writer.content().map(fromChunk);
    const known = shown.reduce((length, { kind, body }) => (kind === 'TEXT' ? length + body.length : length), 0);
    if (known < draft.text.length) writer.append(draft.text.slice(known));
    const parts = new Set(shown.map(({ body }) => body));
    for (const piece of piecesOf(draft)) {
      if (piece.kind === 'PART' && !parts.has(piece.body)) writer.append(toChunk(piece));
    }
    await writer.finish(final);
  } catch (error) {
    if (!(error instanceof StreamFencedError)) throw error;
  }
}
