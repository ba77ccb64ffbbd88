import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { librarySdl, startTestGateway } from './testing/test-gateway.ts';

const at = (url: string) => librarySdl.replace('http://library.test', url);
const noTransports = { transports: new Map() };

it.each([
  ['', /^The subgraph library has no address: give it a routing_url, such as \S+\.$/],
  ['  ', /^The subgraph library has no address: [^\n]*\.$/],
  ['localhost:4001/graphql', /^The address of the subgraph library is "localhost:4001\/graphql": [^\n]*routing_url/],
  ['/graphql', /^The address of the subgraph library is "\/graphql": [^\n]*must begin with http:\/\/ or https:\/\//],
  ['file:///etc/passwd', /^The address of the subgraph library is "file:\/\/\/etc\/passwd": [^\n]*$/],
  ['http://', /^The address of the subgraph library is "http:\/\/": [^\n]*$/],
])('a subgraph whose address is %j stops the start with one line that says what to do', async (url, line) => {
  await expect(startTestGateway({}, { ...noTransports, supergraph: { sdl: at(url) } })).rejects.toThrow(line);
});

it('a subgraph of this process needs no address', async () => {
  const gateway = await startTestGateway({}, { supergraph: { sdl: at('') } });
  expect((await fetch(`${gateway.url}/ready`)).status).toBe(200);
  await gateway[Symbol.asyncDispose]();
});

it('a wrong address in a changed supergraph does not replace a good one', async () => {
  const file = path.join(mkdtempSync(path.join(tmpdir(), 'addresses-')), 'supergraph.graphql');
  writeFileSync(file, at('http://127.0.0.1:1/graphql'));
  const gateway = await startTestGateway({}, { ...noTransports, supergraph: { file } });
  writeFileSync(file, at('localhost:4001'));
  expect(await gateway.reload()).toBe(false);
  expect((await fetch(`${gateway.url}/ready`)).status).toBe(200);
  await gateway[Symbol.asyncDispose]();
});
