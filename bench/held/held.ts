import { existsSync } from 'node:fs';
import { mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const CGROUPS = '/sys/fs/cgroup';
const TRIES = 50;

/** A group of processes that the kernel holds to so many MB, as a container does; beyond that it ends one of them. */
export class Held implements AsyncDisposable {
  readonly folder: string;
  readonly #isUnified: boolean;

  private constructor(folder: string, isUnified: boolean) {
    this.folder = folder;
    this.#isUnified = isUnified;
  }

  /** Makes the group; that needs the rights to. */
  static async make(megabytes: number): Promise<Held> {
    const isUnified = existsSync(path.join(CGROUPS, 'cgroup.controllers'));
    // In the second version groups have no memory of their own to limit until their parent hands that on.
    if (isUnified) await writeFile(path.join(CGROUPS, 'cgroup.subtree_control'), '+memory');
    const folder = path.join(CGROUPS, isUnified ? '' : 'memory', `sextant-bench-${process.pid}`);
    await mkdir(folder);
    const limit = isUnified ? 'memory.max' : 'memory.limit_in_bytes';
    await writeFile(path.join(folder, limit), String(megabytes * 1024 ** 2));
    return new Held(folder, isUnified);
  }

  /** Takes a process in; what it has used until then does not count. */
  async take(pid: number): Promise<void> {
    await writeFile(path.join(this.folder, 'cgroup.procs'), String(pid));
  }

  /** Returns the environment with which tests start a program that is in the group from its beginning. */
  programEnvironment(program: string): Record<string, string> {
    process.env['SEXTANT_TEST_PROGRAM'] = path.join(import.meta.dirname, 'held-program.ts');
    return { HELD_GROUP: this.folder, HELD_PROGRAM: program };
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
