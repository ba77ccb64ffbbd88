import { execFileSync } from 'node:child_process';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

const POLL_MS = 200;

/** The right to change node_modules, of one process of this machine at a time. */
export class Turn {
  #file;
  #marks = [markOf(process.pid)];

  /** @param {string} file where the holder's processes are written down while it has its turn. */
  constructor(file) {
    this.#file = file;
  }

  /**
   * Waits until it is this process's turn. A holder that has ended without giving its turn back is passed over, and
   * what it started as well: npm goes on when the process that called it was killed. Another process that has got the
   * number of one that ended, after a restart of the machine or in another container, is not taken for it.
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
      if (isFirst) onWait(holders.map((mark) => mark.split(':', 1)[0]).join(' and '));
      await sleep(POLL_MS);
    }
    // However this process ends, unless it is killed.
    process.once('exit', () => this.give());
  }

  /** Holds the turn for a process that this one has started, too. */
  also(pid) {
    this.#marks.push(markOf(pid));
    // In one step: who reads a file that is half written takes its holder for one that has ended.
    const own = this.#own();
    writeFileSync(own, this.#marks.join(' '));
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
    writeFileSync(own, this.#marks[0]);
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
    return readFileSync(file, 'utf8').split(' ');
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** A process as its number and when it began, as far as the system tells that. */
function markOf(pid) {
  return `${pid}:${beginningOf(pid)}`;
}

function beginningOf(pid) {
  try {
    // Behind the name, which may hold anything; counted from the start of the machine, which has an id of its own.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
    return `${fields[19]}@${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').slice(0, 8)}`;
  } catch {
    return ofPs(pid);
  }
}

function ofPs(pid) {
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' })
      .trim()
      .replaceAll(/\s+/g, '_');
  } catch {
    return '';
  }
}

function isAlive(mark) {
  const [number, ...beginning] = mark.split(':');
  const pid = Number(number);
  // The system takes 0 for all processes of a group.
  if (!(pid > 0)) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Another user's process is one that lives.
    if (error.code !== 'EPERM') return false;
  }
  const began = beginning.join(':');
  const begins = beginningOf(pid);
  return began === '' || begins === '' || began === begins;
}
