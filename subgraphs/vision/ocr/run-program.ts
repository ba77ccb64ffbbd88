import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import os from 'node:os';
import { Deadline } from '#platform/base/cancellation/deadline.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { guarded } from '#platform/base/faults/guarded.ts';

/** The bounds of a run of a program of the machine. */
export interface RunOptions {
  /** What it reads from its standard input. */
  readonly input?: Buffer;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** The most that it may write, in bytes. */
  readonly maxBytes: number;
}

/** The settings that the program gets, to be found and to load its libraries; keys and passwords are not among them. */
const PASSED_ON = ['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH', 'SystemRoot', 'TMPDIR', 'TESSDATA_PREFIX'];
const MAX_COMPLAINT = 2_000;
/** Of 1000: where the machine has no memory left, the kernel ends this rather than the server. */
const FIRST_TO_GO = '800';
const WHERE = { where: 'text recognition' };
const isWindows = process.platform === 'win32';

/**
 * Runs a program of the machine without a shell, behind everything else, and returns what it wrote. It and its children
 * are killed when it takes too long, writes too much or the signal aborts.
 *
 * @throws {CodedError} TIMEOUT; an Error that says how it failed.
 */
export async function runProgram(file: string, args: readonly string[], options: RunOptions): Promise<Buffer> {
  const { input, timeoutMs, signal, maxBytes } = options;
  signal?.throwIfAborted();
  using deadline = new Deadline(timeoutMs, signal);
  const env = Object.fromEntries(PASSED_ON.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])));
  // In a group of its own, so that a script's children end with it.
  const child = spawn(file, args, { env: { ...env, OMP_THREAD_LIMIT: '1' }, detached: !isWindows, windowsHide: true });
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const said: Buffer[] = [];
  let size = 0;
  let complaint = '';
  const kill = (): void => killGroup(child.pid);
  const giveUp = guarded(WHERE, () => {
    kill();
    const late = new CodedError('TIMEOUT', `The program did not end within ${timeoutMs / 1000} s.`);
    reject(deadline.passed ? late : deadline.signal.reason);
  });
  deadline.signal.addEventListener('abort', giveUp, { once: true });
  child.on('error', guarded(WHERE, reject));
  child.stdout.on(
    'data',
    guarded(WHERE, (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxBytes) return void said.push(chunk);
      kill();
      reject(new Error(`it wrote more than ${maxBytes} bytes`));
    }),
  );
  child.stderr.on(
    'data',
    guarded(WHERE, (chunk: Buffer) => {
      if (complaint.length < MAX_COMPLAINT) complaint += chunk.toString();
    }),
  );
  child.on(
    'close',
    guarded(WHERE, (code: number | null, killedBy: NodeJS.Signals | null) => {
      if (code === 0) return resolve(Buffer.concat(said));
      const why = complaint.trim().slice(0, MAX_COMPLAINT);
      reject(new Error(`${killedBy ? `it was ended by ${killedBy}` : `exit code ${code}`}${why && `: ${why}`}`));
    }),
  );
  // One that ends before it has read all: its exit says why.
  child.stdin.on(
    'error',
    guarded(WHERE, () => {}),
  );
  if (child.pid !== undefined) void giveWay(child.pid);
  child.stdin.end(input);
  try {
    return await promise;
  } finally {
    deadline.signal.removeEventListener('abort', giveUp);
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(isWindows ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}

/** Puts a program behind everything else, for the processor and where memory runs out. */
async function giveWay(pid: number): Promise<void> {
  try {
    os.setPriority(pid, 10);
    if (process.platform === 'linux') await writeFile(`/proc/${pid}/oom_score_adj`, FIRST_TO_GO);
  } catch {
    // It has ended, or goes on at the usual priority.
  }
}
