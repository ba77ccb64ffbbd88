import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 200;

/** The right to change node_modules, of one process of this machine at a time. */
export class Turn {
  #file;
  #pids = [process.pid];

  /** @param {string} file where the holder's processes are written down while it has its turn. */
  constructor(file) {
    this.#file = file;
  }

  /**
   * Waits until it is this process's turn. A holder that has ended without giving its turn back is passed over, and
   * what it started as well: npm goes on when the process that called it was killed.
   *
   * @param {(pids: string) => void} onWait called once, where another process has the turn.
   */
  async take(onWait) {
    for (let isFirst = true; !this.#create(); isFirst = false) {
      const holders = read(this.#file);
      if (holders === undefined) continue;
      if (!holders.some(isAlive)) {
        this.#passOver(holders);
        continue;
      }
      if (isFirst) onWait(holders.join(' and '));
      await sleep(POLL_MS);
    }
    // However this process ends, unless it is killed.
    process.once('exit', () => this.give());
  }

  /** Holds the turn for a process that this one has started, too. */
  also(pid) {
    this.#pids.push(pid);
    // In one step: who reads a file that is half written takes its holder for one that has ended.
    const own = this.#own();
    writeFileSync(own, this.#pids.join(' '));
    renameSync(own, this.#file);
  }

  give() {
    rmSync(this.#file, { force: true });
  }

  #own() {
    return `${this.#file}.${process.pid}`;
  }

  /** A link is there at once and with its contents, or not at all. */
  #create() {
    const own = this.#own();
    writeFileSync(own, String(process.pid));
    try {
      linkSync(own, this.#file);
      return true;
    } catch (error) {
      if (error.code === 'EEXIST') return false;
      throw error;
    } finally {
      rmSync(own, { force: true });
    }
  }

  /** Of several who see that the holder has ended one removes its mark, and no mark that was made since. */
  #passOver(seen) {
    const taken = `${this.#own()}.old`;
    try {
      renameSync(this.#file, taken);
    } catch (error) {
      if (error.code === 'ENOENT') return;
      throw error;
    }
    if (read(taken)?.join() !== seen.join()) linkSync(taken, this.#file);
    rmSync(taken, { force: true });
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8').split(' ').map(Number);
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function isAlive(pid) {
  // The system takes 0 for all processes of a group.
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Another user's process is one that lives.
    return error.code === 'EPERM';
  }
}
