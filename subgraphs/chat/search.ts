import { badInput } from '#platform/base/errors/errors.ts';
import { type Connection, connection, decodeCursor, encodeCursor, pageSize } from '#platform/data/paging/paging.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { ChatParts } from './parts.ts';

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
  headline: string;
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
): Promise<Connection<SearchHit>> {
  const size = pageSize('first', first, 20, MAX_PAGE);
  const words = query.trim();
  if (words === '') throw badInput('query', 'is empty; say what to look for.');
  if (words.length > MAX_QUERY)
    throw badInput('query', `is ${words.length} characters long; at most ${MAX_QUERY} are accepted.`);
  const before = decodeCursor(LIST, 'after', after, ['id'])?.[0] ?? null;
  const beginning = lastWord(words);
  // English leaves out words such as "were", and a phrase without them is another phrase.
  const exact = words.includes('"');
  const rows = await db.$queryRaw<Row[]>`
    WITH query AS (
      SELECT websearch_to_tsquery('pg_catalog.simple', ${words})
        || CASE WHEN ${exact} THEN ''::tsquery ELSE websearch_to_tsquery('pg_catalog.english', ${words}) END
        || CASE WHEN ${beginning}::text IS NULL THEN ''::tsquery
           ELSE websearch_to_tsquery('pg_catalog.simple', ${words.slice(0, words.length - (beginning?.length ?? 0))})
             && to_tsquery('pg_catalog.simple', ${beginning === null ? null : `${beginning}:*`}::text) END AS words
    ), hits AS (
      SELECT m.id, m.conversation_id, m.id AS message_id, m.text AS body
      FROM query, participants p JOIN messages m USING (conversation_id)
      WHERE p.user_id = ${user.userId}::uuid AND search_document(m.text) @@ query.words
        AND (${before}::uuid IS NULL OR m.id < ${before}::uuid)
      UNION ALL
      SELECT c.id, c.id, NULL, c.title
      FROM query, participants p JOIN conversations c ON c.id = p.conversation_id
      WHERE p.user_id = ${user.userId}::uuid AND search_document(c.title) @@ query.words
        AND (${before}::uuid IS NULL OR c.id < ${before}::uuid)
      ORDER BY id DESC LIMIT ${size + 1}::int
    )
    SELECT hits.id::text, hits.conversation_id::text, hits.message_id::text,
           ts_headline('pg_catalog.english', translate(left(hits.body, 20000), '<', ${LESS}), query.words, ${HEADLINE}) AS headline
    FROM hits, query ORDER BY hits.id DESC`;
  const hits = rows.slice(0, size).map(
    ({ id, conversation_id, message_id, headline }): SearchHit => ({
      id,
      conversationId: conversation_id,
      messageId: message_id,
      snippet: piecesOf(headline),
    }),
  );
  return connection(hits, ({ id }) => encodeCursor(LIST, id), { next: rows.length > size, previous: before !== null });
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
