import { readFile } from 'node:fs/promises';
import path from 'node:path';

const MIB = 1024 ** 2;
const KIB_OF_MIB = 1_024;

/** The files in which the kernel tells of a group of processes, in each of its two versions. */
const VERSIONS = [
  {
    /** The line of a process's groups, and where these are. */
    line: /^0::(.*)$/m,
    root: '/sys/fs/cgroup',
    used: 'memory.current',
    limit: 'memory.max',
    files: /^(?:in)?active_file (\d+)$/gm,
  },
  {
    line: /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m,
    root: '/sys/fs/cgroup/memory',
    used: 'memory.usage_in_bytes',
    limit: 'memory.limit_in_bytes',
    files: /^total_(?:in)?active_file (\d+)$/gm,
  },
] as const;

/** A group of processes that has a limit of its memory, such as a container. */
export class MemoryGroup {
  readonly #folder: string;
  readonly #version: (typeof VERSIONS)[number];

  private constructor(folder: string, version: (typeof VERSIONS)[number]) {
    this.#folder = folder;
    this.#version = version;
  }

  /** Returns the group in this folder, if it has a limit of so many MiB or less. */
  static async open(folder: string, mostMb: number): Promise<MemoryGroup | undefined> {
    for (const version of VERSIONS) {
      const limit = await readFile(path.join(folder, version.limit), 'utf8').catch(() => 'max');
      if (Number(limit) <= mostMb * MIB) return new MemoryGroup(folder, version);
    }
    return undefined;
  }

  /** Returns the group of this process, if it has a limit of so many MiB or less. */
  static async ofProcess(mostMb: number): Promise<MemoryGroup | undefined> {
    const groups = await readFile('/proc/self/cgroup', 'utf8').catch(() => '');
    for (const { line, root } of VERSIONS) {
      const own = line.exec(groups)?.[1];
      if (own === undefined) continue;
      // A container may see its own group as the root, whatever its name is outside.
      const found = (await MemoryGroup.open(path.join(root, own), mostMb)) ?? (await MemoryGroup.open(root, mostMb));
      if (found) return found;
    }
    return undefined;
  }

  /** Returns what it uses, in MiB; what it keeps of files does not count, as the kernel drops that first. */
  async usedMb(): Promise<number> {
    const read = (name: string) => readFile(path.join(this.#folder, name), 'utf8');
    const [used, statistics] = await Promise.all([read(this.#version.used), read('memory.stat')]);
    const files = [...statistics.matchAll(this.#version.files)].reduce((sum, [, bytes]) => sum + Number(bytes), 0);
    return Math.max(0, Number(used) - files) / MIB;
  }
}

/**
 * Returns what tells how much of so many MiB is in use: of the container, where its limit is what there is; else of
 * this process alone.
 */
export function usedMemory(memoryMb: number): () => Promise<number> {
  let group: Promise<MemoryGroup | undefined> | undefined;
  return async () => {
    // A limit need not be a whole number of MiB.
    group ??= MemoryGroup.ofProcess(memoryMb + 1);
    return (await (await group)?.usedMb()) ?? processMemoryMb();
  };
}

/** Returns what this process alone uses that cannot be dropped as files can, in MiB. */
async function processMemoryMb(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8').catch(() => '');
  const anonymous = /^RssAnon:\s+(\d+) kB/m.exec(status)?.[1];
  return anonymous === undefined ? process.memoryUsage.rss() / MIB : Number(anonymous) / KIB_OF_MIB;
}
