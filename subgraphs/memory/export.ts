import { Readable } from 'node:stream';
import type { Platform } from '#platform/host/platform.ts';
import type { Database } from './parts.ts';

const BATCH = 500;
const EXPORT_S = 600;

/** Signs a link to everything that memory holds of a user. */
export const exportUrl = (urls: Platform['urls'], userId: string) =>
  urls.sign({
    subgraph: 'memory',
    method: 'GET',
    path: `/exports/${encodeURIComponent(userId)}`,
    expiresInS: EXPORT_S,
    contentType: 'application/x-ndjson',
    fileName: 'memory.jsonl',
  });

/** Returns everything that memory holds of a user, a JSON object a line; read as it is sent, however much it is. */
export function exportOf(db: Database, userId: string): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const bytes = async function* () {
    for await (const line of lines(db, userId)) yield encoder.encode(`${JSON.stringify(line)}\n`);
  };
  return Readable.toWeb(Readable.from(bytes())) as ReadableStream<Uint8Array>;
}

async function* lines(db: Database, userId: string): AsyncGenerator<object> {
  yield { type: 'export', version: 1, userId, at: new Date() };
  yield* all((id) => db.memory.findMany({ where: { userId, ...after(id) }, orderBy: { id: 'asc' }, take: BATCH })).map(
    (row) => ({ type: 'memory', ...row, fingerprint: undefined }),
  );
  yield* all((id) => db.context.findMany({ where: { userId, ...after(id) }, orderBy: { id: 'asc' }, take: BATCH })).map(
    (row) => ({ type: 'context', ...row }),
  );
  yield* all((id) =>
    db.document.findMany({ where: { ownerId: userId, ...after(id) }, orderBy: { id: 'asc' }, take: BATCH }),
  ).map((row) => ({ type: 'document', ...row, original: undefined }));
}

const after = (id: string | undefined) => (id === undefined ? {} : { id: { gt: id } });

/** Rows in batches, by id. */
function all<Row extends { id: string }>(read: (after: string | undefined) => Promise<Row[]>) {
  return {
    async *map(of: (row: Row) => object): AsyncGenerator<object> {
      for (let last: string | undefined; ; ) {
        const rows = await read(last);
        for (const row of rows) yield of(row);
        if (rows.length < BATCH) return;
        last = rows.at(-1)!.id;
      }
    },
  };
}
