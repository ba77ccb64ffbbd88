// The contract fuzzer schemathesis (PyPI) against the REST routes of a running product, by its OpenAPI document.
// Install it with `python3 -m venv /tmp/st && /tmp/st/bin/pip install schemathesis`, and name it with
// SCHEMATHESIS=/tmp/st/bin/st where it is not in PATH. SEED repeats a run.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import { TestUser } from '../testing/client.ts';
import { startEmbedded } from '../testing/sextant.ts';

const program = process.env['SCHEMATHESIS'] || 'st';
const seed = process.env['SEED'] || String(Math.floor(Math.random() * 2 ** 31));
const examples = process.env['EXAMPLES'] || '20';

/** No limit of rates: each answer is to be one of the route, not a 429. */
const UNLIMITED = {
  RATE_LIMIT_IDENTITY: '0',
  RATE_LIMIT_ADDRESS: '0',
  NEW_OPERATIONS_MS: '0',
  CHAT_SENDS_PER_MINUTE: '100000',
  CHAT_REPLIES_PER_USER: '10000',
  LOGINS_PER_MINUTE: '1000000',
  SIGNUPS_PER_HOUR: '1000000',
  FALSE_CREDENTIALS_PER_MINUTE: '1000000',
  ACCOUNT_MAILS_PER_HOUR: '1000000',
  USER_BUDGET_PER_DAY: '0',
};

await using model = await FaultServer.start(answer('Hello'));
await using graph = await startEmbedded({
  ...UNLIMITED,
  OPENAI_API_KEY: 'sk-test',
  OPENAI_BASE_URL: model.url,
  OPENAI_MODEL: 'test-model',
  CHAT_TITLES: 'false',
});
const user = await TestUser.signUp(graph.url);
console.log(`SEED=${seed}`);
const child = spawn(
  program,
  [
    '--config-file',
    path.join(import.meta.dirname, 'schemathesis.toml'),
    'run',
    `${graph.url}/openapi.json`,
    '--header',
    `Authorization: Bearer ${user.accessToken}`,
    '--seed',
    seed,
    '--max-examples',
    examples,
    '--workers',
    '2',
    ...process.argv.slice(3),
  ],
  // It keeps what it has found in the folder where it is called.
  { stdio: 'inherit', cwd: await mkdtemp(path.join(tmpdir(), 'schemathesis-')) },
);
child.on('error', () => {
  console.error(`${program} cannot be started: install schemathesis (see the head of tests/audit/rest.ts).`);
  process.exitCode = 2;
});
const [code] = (await once(child, 'close')) as [number | null];
process.exitCode ||= code ?? 1;
