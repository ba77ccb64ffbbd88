import { execFile } from 'node:child_process';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

/**
 * Writes npm-shrinkwrap.json, which npm prefers to package-lock.json: the same lock with the address of each package.
 * Without addresses npm asks the registry about each package before it fetches it, which is a fourth of the work of an
 * installation. The addresses are what every registry of npm answers to; which registry is asked is the person's own
 * setting. What comes is checked against the sums of the lock, as without them.
 *
 * @param {string} root of the clone.
 * @returns {Promise<(() => void) | undefined>} takes the file away; undefined where npm does not name its registry.
 */
export async function addressedLock(root) {
  const file = path.join(root, 'npm-shrinkwrap.json');
  const remove = () => rmSync(file, { force: true });
  // A run that was killed may have left one.
  remove();
  const registry = await registryOf(root);
  if (registry === undefined) return undefined;
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  for (const [where, entry] of Object.entries(lock.packages)) addressed(where, entry, registry);
  process.once('exit', remove);
  writeFileSync(file, JSON.stringify(lock));
  return () => {
    process.off('exit', remove);
    remove();
  };
}

async function registryOf(root) {
  try {
    const shell = process.platform === 'win32';
    const { stdout } = await promisify(execFile)('npm', ['config', 'get', 'registry'], { cwd: root, shell });
    const { protocol, href } = new URL(stdout.trim());
    return /^https?:$/.test(protocol) ? href.replace(/\/?$/, '/') : undefined;
  } catch {
    return undefined;
  }
}

function addressed(where, entry, registry) {
  const name = entry.name ?? where.split('node_modules/').at(-1);
  if (!where.includes('node_modules/') || entry.link || entry.version === undefined) return;
  const [version] = entry.version.split('+');
  entry.resolved ??= `${registry}${name}/-/${name.split('/').at(-1)}-${version}.tgz`;
}
