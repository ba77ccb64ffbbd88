import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempDisposable, readFile, writeFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildSchema } from 'graphql';
import { expect, it } from 'vitest';
import { schemaChanges } from './schema-check.ts';

const root = path.resolve(import.meta.dirname, '../..');
const run = promisify(execFile);
const check = (...args: string[]) =>
  run(process.execPath, [path.join(root, 'cli', 'sextant.ts'), 'schema', 'check', ...args], { cwd: root }).then(
    ({ stdout }) => ({ code: 0, output: stdout }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({ code, output: stdout + stderr }),
  );

it('names what breaks clients, and what may surprise them', () => {
  const old = buildSchema(
    'type Query { ship(id: ID!): Ship, crew: [String!] } type Ship { rig: Rig! } enum Rig { SLOOP }',
  );
  const next = buildSchema(
    'type Query { ship(id: ID!, at: Int!): Ship } type Ship { rig: Rig! } enum Rig { SLOOP KETCH }',
  );
  expect(schemaChanges(old, next)).toEqual({
    breaking: ['A required arg at on Query.ship was added.', 'Query.crew was removed.'],
    dangerous: ['KETCH was added to enum type Rig.'],
  });
});

it('compares with a file or a running product, and its exit code tells', async () => {
  await using folder = await mkdtempDisposable(path.join(tmpdir(), 'sextant-schema-'));
  const now = await readFile(path.join(root, 'schema.graphql'), 'utf8');
  const same = path.join(folder.path, 'same.graphql');
  await writeFile(same, now);
  expect(await check(same)).toMatchObject({ code: 0, output: expect.stringContaining('0 breaking and 0 dangerous') });

  const more = path.join(folder.path, 'more.graphql');
  await writeFile(more, now.replace(/^type Query \{/m, 'type Query {\n  lost: String'));
  const lost = await check(more);
  expect(lost).toMatchObject({ code: 1, output: expect.stringContaining('breaking   Query.lost was removed.') });

  const server = http.createServer((_request, response) =>
    response.end(now.replace(/^enum FinishReason \{[^}]*\}/m, 'enum FinishReason { STOP }')),
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/schema.graphql`;
    expect(await check(url)).toMatchObject({ code: 0, output: expect.stringContaining('dangerous  LENGTH was added') });
    expect((await check(url, '--dangerous')).code).toBe(1);
  } finally {
    server.close();
  }
  expect(await check(path.join(folder.path, 'none.graphql'))).toMatchObject({
    code: 1,
    output: expect.stringMatching(/cannot be read/),
  });
  await writeFile(more, 'not a schema');
  expect((await check(more)).output).toMatch(/not a schema that clients see/);
}, 60_000);
