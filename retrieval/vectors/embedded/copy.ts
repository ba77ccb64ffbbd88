import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm, stat } from 'node:fs/promises';
import type { DatabaseSync } from 'node:sqlite';
import { inTransaction } from './schema.ts';

export interface CopiedFile {
  readonly bytes: number;
  readonly sha256: string;
  readonly spaces: readonly string[];
}

/** Copies the database, in one consistent state, while others go on writing. */
export async function copyTo(db: DatabaseSync, file: string): Promise<CopiedFile> {
  await rm(file, { force: true });
  db.prepare('VACUUM INTO ?').run(file);
  const names = db
    .prepare('SELECT name FROM spaces ORDER BY name')
    .all()
    .map((row) => row.name as string);
  return { bytes: (await stat(file)).size, sha256: await digest(file), spaces: names };
}

/** Returns the hash of a file, in hexadecimal. */
export async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of createReadStream(file)) hash.update(piece as Buffer);
  return hash.digest('hex');
}

/** Replaces the spaces that the file holds by their state in it, all or nothing. Others may be reading and writing. */
export function restoreFrom(db: DatabaseSync, file: string): void {
  db.prepare('ATTACH ? AS backup').run(file);
  try {
    inTransaction(db, () => {
      const spaces = db.prepare('SELECT id, name, definition, created_at FROM backup.spaces').all();
      for (const { id, name, definition, created_at } of spaces) {
        restoreSpace(db, id as number, name as string, definition as string, created_at as number);
      }
    });
  } finally {
    db.exec('DETACH backup');
  }
}

function restoreSpace(db: DatabaseSync, from: number, name: string, definition: string, createdAt: number): void {
  const existing = db.prepare('SELECT id FROM main.spaces WHERE name = ?').get(name);
  if (existing !== undefined) {
    for (const table of ['vectors', 'objects'])
      db.prepare(`DELETE FROM main.${table} WHERE space = ?`).run(existing.id as number);
    db.prepare('DELETE FROM main.spaces WHERE id = ?').run(existing.id as number);
  }
  const { lastInsertRowid: to } = db
    .prepare('INSERT INTO main.spaces (name, definition, created_at) VALUES (?, ?, ?)')
    .run(name, definition, createdAt);
  db.prepare(
    `INSERT INTO main.objects (space, tenant, id, text, properties, words, updated_at)
     SELECT ?, tenant, id, text, properties, words, updated_at FROM backup.objects WHERE space = ? ORDER BY row`,
  ).run(to, from);
  db.prepare(
    `INSERT INTO main.vectors (row, space, tenant, name, data)
     SELECT n.row, n.space, v.tenant, v.name, v.data FROM backup.vectors v
     JOIN backup.objects o ON o.row = v.row
     JOIN main.objects n ON n.space = ? AND n.tenant = o.tenant AND n.id = o.id
     WHERE v.space = ? ORDER BY v.seq`,
  ).run(to, from);
}
