/**
 * What a first try costs: a fresh clone of the last commit, an empty home and so an empty cache of npm, and `npm start`
 * until the block of URLs is there. Prints the seconds of that, what the clone then takes on the disk (its history, its
 * packages and the database included) and in how many files, what npm keeps beside it for the next time, and the
 * seconds of a second start. Needs the registry of npm. BENCH_ROUNDS makes it longer.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../tests/testing/sextant.ts';
import { median } from './statistics.ts';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 1);
const TARGETS = { seconds: 30, mb: 500 };
const LAST_LINE = 'tokens{accessToken}';
const root = path.dirname(import.meta.dirname);

interface Size {
  /** On the disk, a file with several names once. */
  readonly mb: number;
  readonly files: number;
}

function sizeOf(folder: string): Size {
  const seen = new Set<number>();
  let bytes = 0;
  const walk = (name: string): void => {
    const { ino, blocks } = lstatSync(name);
    if (seen.has(ino)) return;
    seen.add(ino);
    bytes += blocks * 512;
    if (lstatSync(name).isDirectory()) for (const entry of readdirSync(name)) walk(path.join(name, entry));
  };
  walk(folder);
  return { mb: bytes / 1e6, files: seen.size };
}

/** Seconds until the clone says where it serves; it is stopped then, and must end in order. */
async function start(clone: string, home: string): Promise<number> {
  const began = performance.now();
  const child = spawn('npm', ['start'], {
    cwd: clone,
    // What a new account has: the programs of the machine, and the certificates that its network may need.
    env: {
      PATH: (process.env['PATH'] ?? '')
        .split(path.delimiter)
        .filter((folder) => !folder.startsWith(root))
        .join(path.delimiter),
      HOME: home,
      PORT: String(await freePort()),
      ...(process.env['NODE_EXTRA_CA_CERTS'] && { NODE_EXTRA_CA_CERTS: process.env['NODE_EXTRA_CA_CERTS'] }),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let output = '';
  const seconds = new Promise<number>((resolve) => {
    const heard = (piece: Buffer): void => {
      output += piece.toString();
      if (output.includes(LAST_LINE)) resolve((performance.now() - began) / 1000);
    };
    child.stdout.on('data', heard);
    child.stderr.on('data', heard);
  });
  const result = await Promise.race([seconds, ended.then(() => Promise.reject(new Error(output)))]);
  child.kill('SIGTERM');
  const [code] = await ended;
  if (code !== 0) throw new Error(`npm start ended with ${code}: ${output}`);
  return result;
}

const rounds: { first: number; second: number; clone: Size; cache: Size }[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-install-'));
  try {
    const [clone, home] = [path.join(folder, 'clone'), path.join(folder, 'home')];
    mkdirSync(home);
    execFileSync('git', ['clone', '--quiet', `file://${root}`, clone]);
    const first = await start(clone, home);
    const size = sizeOf(clone);
    rounds.push({ first, second: await start(clone, home), clone: size, cache: sizeOf(home) });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const of = (value: (round: (typeof rounds)[number]) => number): number => median(rounds.map(value));
const seconds = of(({ first }) => first);
const mb = of(({ clone }) => clone.mb);
console.log(
  `BENCH install seconds=${seconds.toFixed(1)} mb=${Math.round(mb)} files=${of(({ clone }) => clone.files)} ` +
    `cache_mb=${Math.round(of(({ cache }) => cache.mb))} again_seconds=${of(({ second }) => second).toFixed(1)}`,
);
console.log(
  `Targets: ${TARGETS.seconds} s (${seconds <= TARGETS.seconds ? 'met' : 'missed'}), ` +
    `${TARGETS.mb} MB (${mb <= TARGETS.mb ? 'met' : 'missed'}), ${os.availableParallelism()} cores, load ${os.loadavg()[0]!.toFixed(1)}.`,
);
