import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { SCHEMAS } from './graph.ts';
import { type Target, targetOf } from './targets.ts';

/** Another gateway: the command that starts it, and where it then serves. */
export interface Rival {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly url: string;
}

const MODULES = path.join(import.meta.dirname, '../rivals/node_modules');
const HIVE = path.join(MODULES, '.bin/hive-gateway');
/** Grafbase, written in Rust. Its package has a development server only, which runs the same gateway. */
const GRAFBASE = path.join(MODULES, '@grafbase/cli-x86_64-unknown-linux-musl/grafbase');
const PATIENCE_MS = 60_000;
const POLL_MS = 200;

/**
 * The gateways that bench/rivals has; none, with a word about it, where it is not installed or BENCH_RIVALS is off.
 *
 * @param folder of this run, with supergraph.graphql in it; Grafbase's configuration is written beside that.
 * @param urls of the subgraphs.
 */
export async function rivalsOf(folder: string, urls: Readonly<Record<string, string>>): Promise<Rival[]> {
  if (process.env.BENCH_RIVALS === 'off') return [];
  if (!existsSync(HIVE)) {
    console.log('Other gateways are not installed and left out; to add them: npm install --prefix bench/rivals');
    return [];
  }
  const supergraph = path.join(folder, 'supergraph.graphql');
  const rivals = [await hive('hive', supergraph), await hive('hive-rust-planner', supergraph, '--hive-router-runtime')];
  if (existsSync(GRAFBASE)) rivals.push(await grafbase(path.join(folder, 'grafbase'), urls));
  else console.log('Grafbase is left out: the package in bench/rivals is for Linux on x64.');
  return rivals;
}

async function hive(name: string, supergraph: string, ...flags: string[]): Promise<Rival> {
  const port = await freePort();
  return {
    name,
    command: process.execPath,
    args: [HIVE, 'supergraph', supergraph, '--port', String(port), '--host', '127.0.0.1', ...flags],
    env: { NODE_ENV: 'production', LOG_LEVEL: 'error' },
    url: `http://127.0.0.1:${port}/graphql`,
  };
}

/** It composes by itself, and keeps files of its own in `folder`. */
async function grafbase(folder: string, urls: Readonly<Record<string, string>>): Promise<Rival> {
  mkdirSync(folder);
  const config = path.join(folder, 'grafbase.toml');
  const subgraphs = Object.entries(SCHEMAS).map(([name, sdl]) => {
    writeFileSync(path.join(folder, `${name}.graphql`), sdl);
    return `[subgraphs.${name}]\nurl = "${urls[name]}"\nschema_path = "${name}.graphql"\n`;
  });
  writeFileSync(config, subgraphs.join(''));
  const address = `127.0.0.1:${await freePort()}`;
  return {
    name: 'grafbase',
    command: GRAFBASE,
    args: ['dev', '-c', config, '--listen-address', address],
    env: { HOME: folder },
    url: `http://${address}/graphql`,
  };
}

/** Starts it; resolves when it answers. */
export async function startRival({ name, command, args, env, url }: Rival): Promise<Target> {
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

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
