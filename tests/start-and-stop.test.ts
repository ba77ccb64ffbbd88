import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FaultServer } from '#llm/testing/fault-server.ts';
import { TestUser } from './testing/client.ts';
import { freePort, runToEnd, SextantProcess } from './testing/sextant.ts';

let directory: string;
let env: Record<string, string>;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sextant-start-'));
  env = { SEXTANT_DIR: path.join(directory, 'data'), PORT: String(await freePort()) };
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('starting and stopping', () => {
  it('prints the block of URLs, the link of the first administrator, that there is no model, and a curl that works when pasted', async () => {
    const sextant = await SextantProcess.start(['up'], env);
    await expect.poll(() => sextant.output.join('\n'), { timeout: 10_000 }).toContain('tokens{accessToken}');
    const output = sextant.output.join('\n');
    expect(output).toContain(`http://localhost:${env['PORT']}/graphql`);
    expect(output).toMatch(/First admin\s+http:\/\/localhost:\d+\/first-run\?token=\S+/);
    expect(output).toMatch(/^ {2}Models +none: replies quote memory and knowledge/m);
    const script = output.slice(output.indexOf('curl -s'));
    const { execFile } = await import('node:child_process');
    const answer = await new Promise<string>((resolve, reject) =>
      execFile('sh', ['-c', script.trim()], (error, stdout) => (error ? reject(error) : resolve(stdout))),
    );
    expect(answer).toContain('"accessToken":"ey');
    expect(await sextant.stop()).toBe(0);
  }, 60_000);

  it('prints the models that are configured', async () => {
    await using provider = await FaultServer.start();
    const models = { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: provider.url, OPENAI_MODEL: 'test-model' };
    const sextant = await SextantProcess.start(['up'], { ...env, ...models });
    await expect.poll(() => sextant.output.join('\n'), { timeout: 30_000 }).toMatch(/^ {2}Models +test-model$/m);
    await sextant.stop();
  }, 60_000);

  it('stops with code 0 and leaves no lock, keeps others from its data, and finds it again, stopped or killed', async () => {
    const first = await SextantProcess.start(['up', '--no-banner'], env);
    const user = await TestUser.signUp(first.url);
    expect(await first.stop()).toBe(0);
    expect(existsSync(path.join(env['SEXTANT_DIR']!, 'lock.pid'))).toBe(false);
    const second = await SextantProcess.start(['up', '--no-banner'], env);
    const known = new TestUser(second.url, user.email);
    await known.signIn();
    expect(known.id).toBe(user.id);
    // The access token of before the restart is still good.
    expect((await user.send<{ me: { id: string } }, never>('{ me { id } }')).data?.me.id).toBe(user.id);
    // Another process may not have the folder meanwhile.
    const other = runToEnd(['up', '--no-banner'], { ...env, PORT: String(await freePort()) });
    await expect(other).rejects.toThrow(/in use by another Sextant \(process \d+\)/);
    // Killed, what was acknowledged is there.
    const last = await TestUser.signUp(second.url);
    await second.kill();
    const third = await SextantProcess.start(['up', '--no-banner'], env);
    for (const { email } of [user, last]) await new TestUser(third.url, email).signIn();
    expect(await third.stop()).toBe(0);
  }, 240_000);

  it('a port that is taken is told in one line', async () => {
    const server = createServer().listen(Number(env['PORT']), '127.0.0.1');
    await once(server, 'listening');
    await expect(runToEnd(['up', '--no-banner'], env)).rejects.toThrow(
      new RegExp(`PORT.*${env['PORT']}|${env['PORT']}.*in use`, 'i'),
    );
    server.close();
  }, 60_000);

  it.each([
    ['a wrong value', { PORT: 'abc' }, /^sextant up --no-banner ended with 1: PORT is "abc"; allowed: a whole number/],
    [
      'a database that is not there',
      { DATABASE_URL: 'postgresql://127.0.0.1:1/none', JWT_SECRET: 'x'.repeat(32) },
      /database of DATABASE_URL cannot be reached/,
    ],
    ['a secret that is missing', { DATABASE_URL: 'postgresql://127.0.0.1:1/none' }, /JWT_SECRET is not set/],
    ['a supergraph that is not there', { SUPERGRAPH_FILE: 'nowhere.yaml' }, /nowhere\.yaml does not exist/],
  ])(
    '%s stops the start with one line',
    async (_, wrong, line) => {
      const error = await runToEnd(['up', '--no-banner'], { ...env, ...wrong }).catch((failure: Error) => failure);
      expect((error as Error).message).toMatch(line);
      expect((error as Error).message.trim().split('\n')).toHaveLength(1);
    },
    60_000,
  );

  it('a supergraph with a subgraph that cannot be reached stops a gateway with one line', async () => {
    const file = path.join(directory, 'supergraph.yaml');
    const schema = "{ sdl: 'type Query { a: Int }' }";
    await writeFile(file, `subgraphs: { ships: { routing_url: 'localhost:4001/graphql', schema: ${schema} } }`);
    const error = await runToEnd(['gateway', '--supergraph', file], env).catch((failure: Error) => failure);
    expect((error as Error).message.trim()).toMatch(/ended with 1: The address of the subgraph ships is [^\n]*\.$/);
  }, 60_000);

  it('a gateway of any supergraph counts the operations of an address, and refuses those above RATE_LIMIT_ADDRESS', async () => {
    const file = path.join(directory, 'supergraph.yaml');
    const schema = "{ sdl: 'type Query { a: Int }' }";
    await writeFile(file, `subgraphs: { ships: { routing_url: 'http://127.0.0.1:1/graphql', schema: ${schema} } }`);
    const gateway = await SextantProcess.start(['gateway', '--supergraph', file], { ...env, RATE_LIMIT_ADDRESS: '3' });
    const ask = async () => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ query: '{ __typename }' });
      const answer = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body });
      const { data, errors } = await answer.json();
      return data ? 'answered' : errors[0].extensions.code;
    };
    // A new window may begin among them, which allows three more.
    const answers = await Promise.all(Array.from({ length: 12 }, ask));
    await gateway.stop();
    expect(answers.filter((one) => one === 'answered').length).toBeGreaterThanOrEqual(3);
    expect(answers.filter((one) => one === 'RATE_LIMITED').length).toBeGreaterThanOrEqual(6);
  }, 60_000);

  it('a gateway reads its files again at SIGHUP, and goes on with the good ones when they are broken', async () => {
    const [file, settings] = ['supergraph.yaml', 'gateway.yaml'].map((name) => path.join(directory, name)) as [
      string,
      string,
    ];
    const write = (field: string) => {
      const schema = `{ sdl: 'type Query { ${field}: Int }' }`;
      return writeFile(file, `subgraphs: { ships: { routing_url: 'http://127.0.0.1:1/graphql', schema: ${schema} } }`);
    };
    await write('a');
    await writeFile(settings, 'all: { tries: 1, restart_ms: 0 }');
    const gateway = await SextantProcess.start(['gateway', '--supergraph', file, '--config', settings], env);
    const fails = async (field: string) => {
      const headers = { 'content-type': 'application/json' };
      const body = JSON.stringify({ query: `{ ${field} }` });
      const answer = await fetch(`${gateway.url}/graphql`, { method: 'POST', headers, body });
      return (await answer.json()).errors[0].extensions.code as string;
    };
    expect(await fails('a')).toBe('SUBGRAPH_UNAVAILABLE');
    await write('b');
    await writeFile(settings, 'all: { tries: many }');
    process.kill(gateway.pid, 'SIGHUP');
    await expect.poll(() => fails('b'), { timeout: 15_000 }).toBe('SUBGRAPH_UNAVAILABLE');
    await gateway.stop();
  }, 60_000);

  it('an unknown command is told as one, with the one that is meant', async () => {
    const ended = await runToEnd(['bakcup', 'file'], env).catch(String);
    expect(ended).toMatch(/unknown command 'bakcup'[\s\S]*Did you mean backup\?/);
    expect(existsSync(env['SEXTANT_DIR']!)).toBe(false);
  });

  it('composes and compares the graph of SUPERGRAPH_FILE', async () => {
    const before = path.join(directory, 'before.graphql');
    await writeFile(before, await runToEnd(['compose', '--api'], env));
    const sdl = 'type Query { star: String }';
    await writeFile(path.join(directory, 'stars.graphql'), sdl);
    const own = path.join(directory, 'own.yaml');
    const subgraph = `{ routing_url: 'http://127.0.0.1:1', schema: { file: stars.graphql } }`;
    await writeFile(own, `federation_version: =2.9.0\nsubgraphs:\n  stars: ${subgraph}\n`);
    const given = { ...env, SUPERGRAPH_FILE: own };
    expect(await runToEnd(['compose', '--api'], given)).toContain('star: String');
    const compared = await runToEnd(['schema', 'check', before], given).catch(String);
    expect(compared).toMatch(/breaking +Query\.conversations was removed/i);
  }, 60_000);

  it('a backup brings everything back after a reset', async () => {
    const first = await SextantProcess.start(['up', '--no-banner'], env);
    const user = await TestUser.signUp(first.url);
    await first.stop();
    const archive = path.join(directory, 'backup.tar.gz');
    await runToEnd(['backup', archive], env);
    // What lies there beside the data is not deleted with it, by a folder that was named by mistake.
    const letter = path.join(env['SEXTANT_DIR']!, 'letter.txt');
    await writeFile(letter, 'Dear Anna');
    for (const command of [
      ['reset', '--yes'],
      ['restore', archive, '--replace'],
    ])
      await expect(runToEnd(command, env)).rejects.toThrow(/SEXTANT_DIR: .*letter\.txt.*Nothing was changed/);
    expect(await readFile(letter, 'utf8')).toBe('Dear Anna');
    await rm(letter);
    await runToEnd(['reset', '--yes'], env);
    expect(existsSync(env['SEXTANT_DIR']!)).toBe(false);
    await runToEnd(['restore', archive], env);
    const second = await SextantProcess.start(['up', '--no-banner'], env);
    await new TestUser(second.url, user.email).signIn();
    await second.stop();
  }, 240_000);
});
