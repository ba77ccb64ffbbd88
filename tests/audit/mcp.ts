// The protocol's own conformance package and the command line of its inspector (npm) against /mcp of a running product.
// They are fetched by npx, unless MCP_CONFORMANCE and MCP_INSPECTOR name their files. Scenarios that need tools of a
// sample server, or what Sextant does not offer, are listed with their reasons in mcp-not-offered.yaml: one that is
// listed and passes fails the audit, too.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import { TestUser } from '../testing/client.ts';
import { startEmbedded } from '../testing/sextant.ts';

const CONFORMANCE = '@modelcontextprotocol/conformance@0.1.16';
const INSPECTOR = '@modelcontextprotocol/inspector@2.12.0';

await using model = await FaultServer.start(answer('Hello'));
await using graph = await startEmbedded({
  OPENAI_API_KEY: 'sk-test',
  OPENAI_BASE_URL: model.url,
  OPENAI_MODEL: 'test-model',
});
const user = await TestUser.signUp(graph.url);
const { createApiKey } = await user.run<{ createApiKey: { secret: string } }, object>(
  'mutation ($input: CreateApiKeyInput!) { createApiKey(input: $input) { secret } }',
  { input: { name: 'audit', scopes: ['CHAT_READ', 'CHAT_WRITE', 'MEMORY_READ', 'MEMORY_WRITE', 'VISION_READ'] } },
);

/** The package sends no credentials. */
const signedIn = http.createServer((request, response) => {
  const { hostname, port } = new URL(graph.url);
  const headers = { ...request.headers, authorization: `Bearer ${createApiKey.secret}` };
  const passed = http.request({ hostname, port, path: request.url, method: request.method, headers }, (answered) => {
    response.writeHead(answered.statusCode!, answered.headers);
    answered.pipe(response);
  });
  passed.on('error', () => response.destroy());
  request.pipe(passed);
});
signedIn.listen(0, '127.0.0.1');
await once(signedIn, 'listening');
const url = `http://localhost:${(signedIn.address() as AddressInfo).port}/mcp`;

/** Runs a program of a package to its end. @returns its exit code. */
async function run(name: string, installed: string | undefined, args: readonly string[]): Promise<number> {
  const [program, ...before] = installed ? [process.execPath, installed] : ['npx', '--yes', name];
  const child = spawn(program!, [...before, ...args], { stdio: 'inherit' });
  const [code] = (await once(child, 'close')) as [number | null];
  return code ?? 1;
}

const { MCP_CONFORMANCE, MCP_INSPECTOR } = process.env;
const notOffered = path.join(import.meta.dirname, 'mcp-not-offered.yaml');
const scenarios = ['server', '--url', url, '--suite', 'all', '--expected-failures', notOffered];
const conforms = await run(CONFORMANCE, MCP_CONFORMANCE, [...scenarios, ...process.argv.slice(3)]);
// Strict: schemas of tools that some client cannot take are an error.
const target = ['--cli', url, '--transport', 'http'];
const lists = await run(INSPECTOR, MCP_INSPECTOR, [...target, '--method', 'tools/list', '--strict']);
const call = ['--method', 'tools/call', '--tool-name', 'search_memory', '--tool-arg', 'query=tea'];
const calls = await run(INSPECTOR, MCP_INSPECTOR, [...target, ...call]);
signedIn.closeAllConnections();
signedIn.close();
console.log(`conformance ${conforms}, inspector's list ${lists}, inspector's call ${calls} (0 is good)`);
process.exitCode = conforms || lists || calls;
