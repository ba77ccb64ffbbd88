import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PROCESS_SETTINGS } from '../weight/as-in-the-image.ts';

const CGROUPS = '/sys/fs/cgroup';
const JOIN = path.join(import.meta.dirname, 'join-group.ts');
const TRIES = 50;

/** A group of processes that the kernel holds to so many MB, as a container does; beyond that it ends one of them. */
export class Held implements AsyncDisposable {
  readonly folder: string;
  readonly #isUnified: boolean;

  private constructor(folder: string, isUnified: boolean) {
    this.folder = folder;
    this.#isUnified = isUnified;
  }

  /** Makes the group; that needs the rights to. A benchmark with several of them gives them names. */
  static async make(megabytes: number, name = 'all'): Promise<Held> {
    const isUnified = existsSync(path.join(CGROUPS, 'cgroup.controllers'));
    // In the second version groups have no memory of their own to limit until their parent hands that on.
    if (isUnified) await writeFile(path.join(CGROUPS, 'cgroup.subtree_control'), '+memory');
    const folder = path.join(CGROUPS, isUnified ? '' : 'memory', `sextant-bench-${process.pid}-${name}`);
    await mkdir(folder);
    const limit = isUnified ? 'memory.max' : 'memory.limit_in_bytes';
    await writeFile(path.join(folder, limit), String(megabytes * 1024 ** 2));
    return new Held(folder, isUnified);
  }

  /** The settings of the image for a program, which is in the group from its beginning. */
  get settings(): Record<string, string> {
    const NODE_OPTIONS = `${PROCESS_SETTINGS.NODE_OPTIONS} --import ${JOIN}`;
    return { ...PROCESS_SETTINGS, NODE_OPTIONS, HELD_GROUP: this.folder };
  }

  /** Tells how many processes the kernel has ended for want of memory. */
  async ended(): Promise<number> {
    const file = this.#isUnified ? 'memory.events' : 'memory.oom_control';
    const text = await readFile(path.join(this.folder, file), 'utf8');
    return Number(/^oom_kill (\d+)/m.exec(text)?.[1] ?? 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let tries = 0; tries < TRIES; tries++) {
      // What has ended leaves the group a moment later.
      const isGone = await rmdir(this.folder).then(
        () => true,
        () => false,
      );
      if (isGone) return;
      await sleep(100);
    }
  }
}
