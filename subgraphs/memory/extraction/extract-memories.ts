import { v7 as uuidv7 } from 'uuid';
import { CodedError } from '#platform/base/errors/errors.ts';
import { beginningOf } from '#platform/base/text/text.ts';
import { columnsOf } from '#platform/data/database/columns.ts';
import { hotRows } from '#platform/data/database/hot-statements.ts';
import type { JobHandler } from '#platform/data/jobs/jobs.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { Prisma, type TranscriptMessage } from '#prisma/memory/client/client.ts';
import { fingerprint, sameStatement } from '../memories/fingerprint.ts';
import { INDEX_MEMORIES } from '../memories/index-memories.ts';
import { searchMemories } from '../memories/search.ts';
import { insertOnce, type MemoryKind, type MemoryRow, supersede } from '../memories/store.ts';
import type { MemoryParts, Transaction } from '../parts.ts';
import { type ClaimedFact, textOf } from './fact.ts';
import { extractByModel } from './model-extractor.ts';
import { extractByRules } from './rules.ts';
import { isSameMatter } from './same-matter.ts';

export const EXTRACT_MEMORIES = 'extract-memories';

/** A fact that has passed every check. */
interface NewFact {
  readonly text: string;
  readonly quote: string;
  readonly kind: MemoryKind;
  readonly importance: number;
  readonly slot: string | undefined;
  /** What an older fact must name to be ended by this one. */
  readonly ends: string | undefined;
  readonly replaces: string | undefined;
  readonly extractor: string;
}

const KNOWN_MEMORIES = 10;

/**
 * Learns from one finished exchange: what the user said in it about themselves. The source is the user's message alone:
 * no system prompt, no recalled text and no reply ever becomes a memory.
 */
export function extractMemories(memory: MemoryParts): JobHandler<Transaction> {
  return {
    async run(payload, { signal }) {
      const { replyId } = payload as { replyId: string };
      if (memory.extraction === 'off') return;
      const exchange = await exchangeOf(memory, replyId);
      if (!exchange) return;
      const { message, replyText } = exchange;
      const known = await knownMemories(memory, exchange, signal);
      const facts = await factsOf(memory, message, replyText, known, signal);
      const fresh = withoutRepetitions(facts, known);
      if (fresh.length === 0) return;
      return async (tx) => {
        await store(memory, tx, message, fresh);
      };
    },
  };
}

/** An exchange to learn from. */
interface Exchange {
  readonly message: TranscriptMessage;
  readonly replyText: string;
  /** The latest memories about the user, one more than are told to a model if there are so many. */
  readonly latest: readonly MemoryRow[];
}

const MESSAGE = Prisma.raw(columnsOf(Prisma.TranscriptMessageScalarFieldEnum, 'message'));
const MEMORY_FIELDS = Object.keys(Prisma.MemoryScalarFieldEnum) as (keyof MemoryRow)[];
const MEMORY = Prisma.raw(columnsOf(Prisma.MemoryScalarFieldEnum, 'm', 'm.'));

/** Reads the person's message that a reply answers, and what is known about the person, by one statement. */
async function exchangeOf({ db }: MemoryParts, replyId: string): Promise<Exchange | undefined> {
  type Row = TranscriptMessage & { readonly replyText: string; readonly [memory: `m.${string}`]: unknown };
  const rows = await hotRows<Row>(
    db,
    Prisma.sql`
    SELECT ${MESSAGE}, reply.text AS "replyText", ${MEMORY}
    FROM transcript_messages reply JOIN transcript_messages message ON message.id = reply.parent_id
    LEFT JOIN LATERAL (
      SELECT * FROM memories WHERE user_id = message.user_id AND about = '' AND (valid_until IS NULL OR valid_until > now())
      ORDER BY id DESC LIMIT ${KNOWN_MEMORIES + 1}
    ) m ON true
    WHERE reply.id = ${replyId} AND message.role = 'USER'`,
  );
  const [first] = rows;
  if (first === undefined) return undefined;
  const memoryOf = (row: Row) => Object.fromEntries(MEMORY_FIELDS.map((name) => [name, row[`m.${name}`]]));
  const latest = rows.filter((row) => row['m.id'] !== null).map((row) => memoryOf(row) as unknown as MemoryRow);
  return { message: first, replyText: first.replyText, latest };
}

/** The memories that a message may repeat or change: all where they are few, otherwise those that are like it. */
async function knownMemories(
  memory: MemoryParts,
  { message, latest }: Exchange,
  signal: AbortSignal,
): Promise<readonly MemoryRow[]> {
  if (latest.length <= KNOWN_MEMORIES) return latest;
  const { matches } = await searchMemories(memory, message.userId, {
    query: beginningOf(message.text, 4_000),
    everywhere: false,
    limit: KNOWN_MEMORIES,
    mode: 'HYBRID',
    signal,
  });
  return matches.map((match) => match.memory);
}

async function factsOf(
  memory: MemoryParts,
  message: TranscriptMessage,
  replyText: string,
  known: readonly MemoryRow[],
  signal: AbortSignal,
): Promise<NewFact[]> {
  if (memory.extraction === 'auto' && (await hasChatModel(memory))) {
    try {
      const identity = onBehalfOf(message.userId);
      const { conversationId, id: messageId, text: userText } = message;
      const proposed = await extractByModel(memory.models, {
        userText,
        replyText,
        known,
        identity,
        conversationId,
        messageId,
        signal,
      });
      if (proposed) return supported(proposed.facts, userText, known, proposed.model);
    } catch (error) {
      // The rules cost nothing. A provider that is away, or has enough for now, is waited for: see JobHandler.
      if (!(error instanceof CodedError)) throw error;
      if (error.code === 'RATE_LIMITED') throw new CodedError('PROVIDER_UNAVAILABLE', error.message, { cause: error });
      if (!NO_MODEL.has(error.code)) throw error;
    }
  }
  return extractByRules(message.text).map((fact) => ({
    ...fact,
    quote: fact.text,
    replaces: undefined,
    extractor: 'rules',
  }));
}

/** What of a model's claims the message says, each with what it may replace. */
function supported(
  claims: readonly ClaimedFact[],
  userText: string,
  known: readonly MemoryRow[],
  extractor: string,
): NewFact[] {
  return claims.flatMap((claim): NewFact[] => {
    const text = textOf(claim, userText);
    if (text === undefined) return [];
    const older = known.find(({ id }) => id === claim.replaces);
    const replaces = older && isSameMatter(older.text, text) ? older.id : undefined;
    return [{ ...claim, text, replaces, slot: undefined, ends: undefined, extractor }];
  });
}

const NO_MODEL = new Set(['MODEL_NOT_CONFIGURED', 'MODEL_NOT_FOUND', 'BUDGET_EXCEEDED', 'CONTENT_FILTERED']);

/** Returns whether a model that can chat is configured. */
export const hasChatModel = async ({ models }: Pick<MemoryParts, 'models'>): Promise<boolean> =>
  (await models.list()).some((model) => model.capabilities.chat);

/** The user's own budget pays for what is remembered about them; the identity allows nothing else. */
const onBehalfOf = (userId: string): UserIdentity => ({
  kind: 'user',
  userId,
  roles: [],
  scopes: [],
  expiresAt: Math.floor(Date.now() / 1000) + 600,
});

/** Leaves out what is known and what the batch itself says twice. */
function withoutRepetitions(facts: readonly NewFact[], known: readonly MemoryRow[]): NewFact[] {
  const kept: NewFact[] = [];
  for (const fact of facts) {
    const said = [...known.filter((row) => row.id !== fact.replaces), ...kept];
    if (!said.some((other) => sameStatement(other.text, fact.text))) kept.push(fact);
  }
  return kept;
}

async function store(
  { quick, quotas }: MemoryParts,
  tx: Transaction,
  message: TranscriptMessage,
  facts: readonly NewFact[],
): Promise<void> {
  const { userId, conversationId } = message;
  // Before anything else is locked, as all do who add for a user.
  if (facts.length === 0 || !(await quotas.hasRoomForMemories(tx, userId, facts.length))) return;
  // The message may have been deleted, with its conversation or user, while the model was thinking. If it is there, it
  // stays until this is stored, so that its deletion finds what was learned.
  const there = await tx.$queryRaw<unknown[]>`
    SELECT 1 FROM transcript_messages WHERE id = ${message.id} FOR KEY SHARE`;
  if (there.length === 0) return;
  const changed: string[] = [];
  for (const { replaces, slot, ends, ...fact } of facts) {
    const { row, created } = await insertOnce(tx, {
      ...fact,
      id: uuidv7(),
      userId,
      conversationId,
      fingerprint: fingerprint(fact.text),
      slot: slot ?? null,
      origin: 'EXTRACTED',
      sourceMessageId: message.id,
      validFrom: message.at,
    });
    if (!created) continue;
    changed.push(row.id);
    const older = await supersededBy(tx, userId, row, replaces, ends);
    for (const id of older) if (await supersede(tx, userId, id, row)) changed.push(id);
  }
  if (changed.length > 0) await quick.enqueue(tx, INDEX_MEMORIES, { userId, ids: changed }, { userId });
}

/**
 * What a new fact takes the place of: what the model named, what has the same slot, and what it says is no longer so.
 * Never what was pinned by hand.
 */
async function supersededBy(
  tx: Transaction,
  userId: string,
  row: MemoryRow,
  replaces: string | undefined,
  ends: string | undefined,
): Promise<string[]> {
  const candidates = await tx.memory.findMany({
    where: {
      userId,
      pinned: false,
      validUntil: null,
      validFrom: { lte: row.validFrom },
      id: { not: row.id },
      OR: [
        ...(replaces === undefined ? [] : [{ id: replaces }]),
        ...(row.slot === null ? [] : [{ slot: row.slot }]),
        ...(ends ? [{ text: { contains: stemOf(ends), mode: 'insensitive' as const } }] : []),
      ],
    },
    select: { id: true, text: true },
    orderBy: { id: 'desc' },
    take: MAX_SUPERSEDED,
  });
  const isEnded = ({ text }: { text: string }) =>
    isSameMatter(text, row.text) && text.toLowerCase().includes(stemOf(ends!));
  return candidates.filter((candidate) => !ends || isEnded(candidate)).map(({ id }) => id);
}

const MAX_SUPERSEDED = 50;

/** "nuts" ends what was said of "nut" too. */
const stemOf = (name: string): string => (name.length > 4 ? name.slice(0, -1) : name.replace(/s$/, '')).toLowerCase();
