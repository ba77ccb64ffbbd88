import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildSchema } from 'graphql';
import { schemaChanges } from '../commands/schema-check.ts';

const run = promisify(execFile);

/**
 * Returns what schema.graphql takes away from clients, compared with the commit before (or with SCHEMA_BASE). Empty
 * where a commit since then announces it with "BREAKING CHANGE" in its message, and where there is nothing to compare
 * with.
 */
export async function breakingChanges(root: string, base = process.env['SCHEMA_BASE'] || 'HEAD^'): Promise<string[]> {
  const git = async (...args: string[]) => (await run('git', args, { cwd: root, maxBuffer: 1e8 })).stdout;
  let before: string;
  try {
    before = await git('show', `${base}:schema.graphql`);
  } catch {
    return [];
  }
  if ((await git('log', '--format=%B', `${base}..HEAD`)).includes('BREAKING CHANGE')) return [];
  const after = await readFile(path.join(root, 'schema.graphql'), 'utf8');
  return [...schemaChanges(buildSchema(before), buildSchema(after)).breaking];
}
