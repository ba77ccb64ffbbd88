import { badInput } from '#platform/base/errors/errors.ts';
import {
  type CountedConnection,
  connection,
  decodeCursor,
  encodeCursor,
  MAX_COUNT,
  pageSize,
} from '#platform/data/paging/paging.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { Prisma } from '#prisma/chat/client/client.ts';
import type { ChatParts } from '../parts.ts';
import { excerptOf, holdsRuns, searchWords } from './search-words.ts';

const MAX_QUERY = 500;
const MAX_PAGE = 50;
const LIST = 'search';
/**
 * Marks around a match, and what stands for `<` meanwhile: Postgres takes `<b>` for markup and leaves it out.
 * Characters of the private use area, which no stored text is likely to hold.
 */
const OPEN = '\u{e000}';
const CLOSE = '\u{e001}';
const LESS = '\u{e002}';
const HEADLINE = `StartSel=${OPEN}, StopSel=${CLOSE}, MaxWords=32, MinWords=12, ShortWord=0, MaxFragments=2, FragmentDelimiter=" … "`;

export interface SnippetPiece {
  readonly text: string;
  readonly match: boolean;
}

export interface SearchHit {
  /** Id of the message, or of the conversation whose title was found. Ids grow with time, so they sort by it. */
  readonly id: string;
  readonly conversationId: string;
  readonly messageId: string | null;
  readonly snippet: readonly SnippetPiece[];
}

interface Row {
  id: string;
  conversation_id: string;
  message_id: string | null;
  /** Of words; absent where runs were looked for. */
  headline: string | null;
  /** The text, where runs were looked for. */
  body: string | null;
}

/**
 * Titles and messages of the user's conversations that match, the newest first: an order that new hits do not upset, so
 * a cursor stays where it is.
 *
 * @throws {CodedError} BAD_USER_INPUT.
 */
export async function searchConversations(
  { db }: ChatParts,
  user: UserIdentity,
  { query, first, after }: { query: string; first?: number | null; after?: string | null },
): Promise<CountedConnection<SearchHit>> {
  const size = pageSize('first', first, 20, MAX_PAGE);
  const words = query.trim();
  if (words === '') throw badInput('query', 'is empty; say what to look for.');
  if (words.length > MAX_QUERY)
    throw badInput('query', `is ${words.length} characters long; at most ${MAX_QUERY} are accepted.`);
  const before = decodeCursor(LIST, 'after', after, ['id'])?.[0] ?? null;
  const asked = searchWords(words);
  const parsed = asked.words === '' && asked.runs.length > 0 ? '' : await parseForms(db, asked.words);
  const wanted = { userId: user.userId, words: parsed, runs: asked.runs, before, size: size + 1 };
  const rows = await newestHits(db, wanted);
  const hits = rows.slice(0, size).map(
    ({ id, conversation_id, message_id, headline, body }): SearchHit => ({
      id,
      conversationId: conversation_id,
      messageId: message_id,
      snippet: headline === null ? excerptOf(body ?? '', asked.runs) : piecesOf(headline),
    }),
  );
  const sides = { next: rows.length > size, previous: before !== null };
  return { ...connection(hits, ({ id }) => encodeCursor(LIST, id), sides), totalCount: () => countHits(db, wanted) };
}

/** The query in each way in which Unicode may write it: what is stored stays as it was written. */
async function parseForms(db: ChatParts['db'], words: string): Promise<string> {
  // What is not to be found is not to be found in any form, which another form of the query would let through.
  if (/(?:^|\s)-\S/.test(words)) return parse(db, words);
  const forms = new Set([words, ...(['NFC', 'NFD', 'NFKC'] as const).map((form) => words.normalize(form))]);
  const parsed = await Promise.all([...forms].map((form) => parse(db, form)));
  const told = parsed.filter((one) => one !== '');
  return told.length > 1 ? told.map((one) => `(${one})`).join(' | ') : (told[0] ?? '');
}

/** The query as Postgres understands it, with the word that is still being typed as a beginning. */
async function parse(db: ChatParts['db'], words: string): Promise<string> {
  const beginning = lastWord(words);
  // English leaves out words such as "were", and a phrase without them is another phrase.
  const exact = words.includes('"');
  const [row] = await db.$queryRaw<{ words: string }[]>`
    SELECT (websearch_to_tsquery('pg_catalog.simple', ${words})
      || CASE WHEN ${exact} THEN ''::tsquery ELSE websearch_to_tsquery('pg_catalog.english', ${words}) END
      || CASE WHEN ${beginning}::text IS NULL THEN ''::tsquery
         ELSE websearch_to_tsquery('pg_catalog.simple', ${words.slice(0, words.length - (beginning?.length ?? 0))})
           && to_tsquery('pg_catalog.simple', ${beginning === null ? null : `${beginning}:*`}::text) END)::text AS words`;
  return row!.words;
}

/** What is looked for: a tsquery and runs of characters, in the conversations of a user, before an id. */
interface Wanted {
  readonly userId: string;
  /** Empty when only runs are looked for. */
  readonly words: string;
  readonly runs: readonly string[];
  readonly before: string | null;
  readonly size: number;
}

/**
 * Reads the newest hits. Words that few messages hold come from their index alone. What many hold is found among the
 * newest few, so a user who has written much is first searched in two windows of the newest messages. Then come all of
 * the user's conversations: they are named one by one, so that Postgres knows how many they are and takes the better of
 * their index and that of the words, or both.
 */
async function newestHits(db: ChatParts['db'], wanted: Wanted): Promise<Row[]> {
  if ((await estimate(db, wanted)) <= FEW) return hitsIn(db, wanted, Prisma.sql`true`, Prisma.sql`true`);
  for (const since of await windows(db, wanted)) {
    const window = Prisma.sql`id >= ${since}::uuid`;
    const hits = await hitsIn(db, wanted, window, window);
    if (hits.length >= wanted.size) return hits;
  }
  const ids = await ownConversations(db, wanted);
  return hitsIn(db, wanted, Prisma.sql`conversation_id = ANY(${ids}::uuid[])`, Prisma.sql`id = ANY(${ids}::uuid[])`);
}

async function ownConversations(db: ChatParts['db'], { userId }: Wanted): Promise<string[]> {
  const [own] = await db.$queryRaw<{ ids: string[] }[]>`
    SELECT coalesce(array_agg(conversation_id::text), '{}') AS ids FROM participants WHERE user_id = ${userId}::uuid`;
  return own!.ids;
}

/** Counts the hits on all pages, by the index of the words or by the user's conversations, as `newestHits` reads. */
async function countHits(db: ChatParts['db'], wanted: Wanted): Promise<number> {
  const few = (await estimate(db, wanted)) <= FEW;
  const ids = few ? [] : await ownConversations(db, wanted);
  const messages = few ? Prisma.sql`true` : Prisma.sql`m.conversation_id = ANY(${ids}::uuid[])`;
  const titles = few ? Prisma.sql`true` : Prisma.sql`c.id = ANY(${ids}::uuid[])`;
  const [row] = await db.$queryRaw<{ count: number }[]>`
    WITH found AS MATERIALIZED (
      SELECT m.conversation_id FROM messages m WHERE ${holds(Prisma.sql`m.text`, wanted)} AND ${messages}
    ), titles AS MATERIALIZED (
      SELECT c.id AS conversation_id FROM conversations c
      WHERE ${holds(Prisma.sql`c.title`, wanted)} AND ${titles}
    )
    SELECT count(*)::int AS count FROM (
      SELECT FROM (SELECT conversation_id FROM found UNION ALL SELECT conversation_id FROM titles) AS hits
      JOIN participants p USING (conversation_id) WHERE p.user_id = ${wanted.userId}::uuid
      LIMIT ${MAX_COUNT}) AS counted`;
  return row!.count;
}

/** As many hits of all users as are read without much ado. */
const FEW = 5_000;

/** How many messages of all users hold the words, as Postgres thinks. */
async function estimate(db: ChatParts['db'], wanted: Wanted): Promise<number> {
  const [row] = await db.$queryRaw<{ 'QUERY PLAN': [{ Plan: { 'Plan Rows': number } }] }[]>`
    EXPLAIN (FORMAT JSON) SELECT FROM messages WHERE ${holds(Prisma.sql`text`, wanted)}`;
  return row!['QUERY PLAN'][0].Plan['Plan Rows'];
}

/** Returns SQL that says whether a column holds what is looked for. */
function holds(column: Prisma.Sql, { words, runs }: Wanted): Prisma.Sql {
  const conditions = [
    ...(words === '' && runs.length > 0 ? [] : [Prisma.sql`search_document(${column}) @@ ${words}::tsquery`]),
    ...(runs.length > 0 ? [holdsRuns(column, runs)] : []),
  ];
  return Prisma.join(conditions, ' AND ');
}

/** Ids at which the windows begin; none for a user who has written so little that all is looked at at once. */
async function windows(db: ChatParts['db'], { userId, before }: Wanted): Promise<string[]> {
  const [own] = await db.$queryRaw<{ count: number }[]>`
    SELECT count(*)::int AS count FROM (
      SELECT FROM participants p JOIN messages m USING (conversation_id) WHERE p.user_id = ${userId}::uuid
      LIMIT ${LITTLE}) AS own`;
  if (own!.count < LITTLE) return [];
  const until = before === null ? Prisma.empty : Prisma.sql`WHERE id < ${before}::uuid`;
  const begins = await Promise.all(
    WINDOWS.map(
      (length) => db.$queryRaw<{ id: string }[]>`
      SELECT id::text FROM messages ${until} ORDER BY id DESC OFFSET ${length} LIMIT 1`,
    ),
  );
  return begins.flatMap((rows) => rows.map(({ id }) => id));
}

/** Messages in each window. */
const WINDOWS = [500, 4_000];
/** A user with fewer messages has written little. */
const LITTLE = 1_000;

/**
 * Collects hits, and narrows them down to the user's after that: in another order Postgres would take messages apart
 * one by one.
 *
 * @param messages which messages are looked at.
 * @param titles which conversations are.
 */
function hitsIn(db: ChatParts['db'], wanted: Wanted, messages: Prisma.Sql, titles: Prisma.Sql): Promise<Row[]> {
  const { userId, words, runs, before, size } = wanted;
  const until = before === null ? Prisma.empty : Prisma.sql`AND id < ${before}::uuid`;
  const shown = Prisma.sql`coalesce(m.text, c.title)`;
  const headline =
    runs.length > 0
      ? Prisma.sql`NULL::text AS headline, left(${shown}, 150000) AS body`
      : Prisma.sql`ts_headline('pg_catalog.english', translate(left(${shown}, 20000), '<', ${LESS}),
             ${words}::tsquery, ${HEADLINE}) AS headline, NULL::text AS body`;
  return db.$queryRaw<Row[]>`
    WITH found AS MATERIALIZED (
      SELECT id, conversation_id FROM messages
      WHERE ${holds(Prisma.sql`text`, wanted)} AND ${messages} ${until}
    ), titles AS MATERIALIZED (
      SELECT id FROM conversations WHERE ${holds(Prisma.sql`title`, wanted)} AND ${titles} ${until}
    ), hits AS (
      SELECT found.id, conversation_id, found.id AS message_id FROM found JOIN participants p USING (conversation_id)
      WHERE p.user_id = ${userId}::uuid
      UNION ALL
      SELECT titles.id, titles.id, NULL FROM titles JOIN participants p ON p.conversation_id = titles.id
      WHERE p.user_id = ${userId}::uuid
      ORDER BY id DESC LIMIT ${size}::int
    )
    SELECT hits.id::text, hits.conversation_id::text, hits.message_id::text, ${headline}
    FROM hits LEFT JOIN messages m ON m.id = hits.message_id
      LEFT JOIN conversations c ON c.id = hits.id AND hits.message_id IS NULL
    ORDER BY hits.id DESC`;
}

/** The word that is still being typed; null when the query ends otherwise or uses operators there. */
const lastWord = (query: string): string | null => /(?:^|\s)([\p{L}\p{N}]{2,})$/u.exec(query)?.[1] ?? null;

function piecesOf(headline: string): SnippetPiece[] {
  return headline
    .replaceAll(LESS, '<')
    .split(OPEN)
    .flatMap((part, index) => {
      if (index === 0) return [{ text: part, match: false }];
      const [found = '', rest = ''] = part.split(CLOSE);
      return [
        { text: found, match: true },
        { text: rest, match: false },
      ];
    })
    .filter(({ text }) => text !== '');
}
