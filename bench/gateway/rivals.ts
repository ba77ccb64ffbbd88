import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type Target, targetOf } from './targets.ts';

/** Another gateway: the command that starts it, and where it then serves, subscriptions by graphql-ws. */
export interface Rival {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly url: string;
  readonly socketUrl: string;
}

/** The subgraphs that a rival stands before, and a folder of this run with their supergraph.graphql in it. */
interface Behind {
  readonly folder: string;
  /** For those that compose by themselves, which are left out without. */
  readonly schemas?: Readonly<Record<string, string>>;
  readonly urls?: Readonly<Record<string, string>>;
}

const MODULES = path.join(import.meta.dirname, '../rivals/node_modules');
const HIVE = path.join(MODULES, '.bin/hive-gateway');
/** Grafbase, written in Rust. Its package has a development server only, which runs the same gateway. */
const GRAFBASE = path.join(MODULES, '@grafbase/cli-x86_64-unknown-linux-musl/grafbase');
const PATIENCE_MS = 60_000;
const POLL_MS = 200;

/** The gateways that bench/rivals has; none, with a word about it, where it is not installed or BENCH_RIVALS is off. */
export async function rivalsOf(behind: Behind): Promise<Rival[]> {
  if (process.env.BENCH_RIVALS === 'off') return [];
  if (!existsSync(HIVE)) {
    console.log('Other gateways are not installed and left out; to add them: npm install --prefix bench/rivals');
    return [];
  }
  const rivals = [await hive('hive', behind), await hive('hive-rust-planner', behind, '--hive-router-runtime')];
  const { folder, schemas, urls } = behind;
  if (!schemas || !urls) return rivals;
  if (existsSync(GRAFBASE)) rivals.push(await grafbase({ folder, schemas, urls }));
  else console.log('Grafbase is left out: the package in bench/rivals is for Linux on x64.');
  return rivals;
}

/** Subscriptions to subgraphs over WebSockets; it ignores the shape `{ws: {endpoint}}` that its types describe. */
const HIVE_CONFIG = `export const gatewayConfig = {
  transportEntries: { '*.http': { options: { subscriptions: { kind: 'ws', location: '/graphql' } } } },
};
`;

async function hive(name: string, { folder }: Behind, ...flags: string[]): Promise<Rival> {
  const config = path.join(folder, 'hive.mjs');
  writeFileSync(config, HIVE_CONFIG);
  const port = await freePort();
  const where = ['--port', String(port), '--host', '127.0.0.1'];
  return {
    name,
    command: process.execPath,
    args: [HIVE, 'supergraph', path.join(folder, 'supergraph.graphql'), '-c', config, ...where, ...flags],
    env: { NODE_ENV: 'production', LOG_LEVEL: 'error' },
    url: `http://127.0.0.1:${port}/graphql`,
    socketUrl: `ws://127.0.0.1:${port}/graphql`,
  };
}

/** It composes by itself, and keeps files of its own in its home. */
async function grafbase({ folder, schemas, urls }: Required<Behind>): Promise<Rival> {
  const home = path.join(folder, 'grafbase');
  mkdirSync(home);
  const subgraphs = Object.entries(schemas).map(([name, sdl]) => {
    writeFileSync(path.join(home, `${name}.graphql`), sdl);
    const url = urls[name]!;
    return `[subgraphs.${name}]
url = "${url}"
websocket_url = "${url.replace('http', 'ws')}"
schema_path = "${name}.graphql"
`;
  });
  const config = path.join(home, 'grafbase.toml');
  writeFileSync(config, subgraphs.join(''));
  const address = `127.0.0.1:${await freePort()}`;
  return {
    name: 'grafbase',
    command: GRAFBASE,
    args: ['dev', '-c', config, '--listen-address', address],
    env: { HOME: home },
    url: `http://${address}/graphql`,
    socketUrl: `ws://${address}/ws`,
  };
}

/** Starts it; resolves when it answers. */
export async function startRival({ name, command, args, env, url }: Omit<Rival, 'socketUrl'>): Promise<Target> {
  const child = spawn(command, args, { stdio: 'ignore', env: { ...process.env, ...env } });
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end && child.exitCode === null; await wait(POLL_MS)) {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept: 'application/json' },
      body: '{"query":"{ __typename }"}',
    }).catch(() => undefined);
    if (answer?.ok) return targetOf(name, url, child);
  }
  child.kill('SIGKILL');
  throw new Error(`${name} did not start.`);
}

/** Returns a port that is free now. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
