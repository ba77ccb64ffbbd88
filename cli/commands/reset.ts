import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline/promises';
import { loadConfig } from '#platform/base/config/config.ts';
import { checkOwnFolder } from '#platform/data/database/data-folder.ts';
import { lockDirectory } from '#platform/data/database/directory-lock.ts';
import { CommandError } from '../report.ts';

/** Deletes the data folder, after a question unless `yes` is given. */
export async function reset(root: string, yes: boolean): Promise<void> {
  const { dataDir } = loadConfig(process.env, root);
  if (!existsSync(dataDir)) return console.log(`${dataDir} does not exist: there is nothing to delete.`);
  checkOwnFolder(dataDir);
  if (!yes && !(await confirmed(`Delete all accounts, conversations, memories and files in ${dataDir}? [y/N] `))) {
    return console.log('Nothing was deleted.');
  }
  const lock = lockDirectory(dataDir);
  try {
    await rm(dataDir, { recursive: true });
  } finally {
    lock[Symbol.dispose]();
  }
  console.log(`${dataDir} is deleted. The next start begins again.`);
}

async function confirmed(question: string): Promise<boolean> {
  if (!process.stdin.isTTY)
    throw new CommandError('This is not a terminal, so no question can be asked: say --yes if you mean it.');
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question(question)).trim());
  } finally {
    terminal.close();
  }
}
