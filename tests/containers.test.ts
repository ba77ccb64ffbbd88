import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createTestDatabase, type PostgresForTests } from '#platform/data/database/testing/test-database.ts';
import { DISTRIBUTED_SKIPPED, REDIS_TEST_URL } from './testing/postgres.ts';
import { freePort, runToEnd, SextantProcess } from './testing/sextant.ts';

const root = path.resolve(import.meta.dirname, '..');
const TAKEN = /^\$\{\w+(?::-(.*)|:\?.*)?\}$/;

interface Service {
  readonly image?: string;
  readonly command?: string;
  readonly environment: Readonly<Record<string, string | number>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
}

/** What docker-compose.yml and the Dockerfile start in each container, as processes of this machine. */
describe.skipIf(DISTRIBUTED_SKIPPED)(`a container of docker-compose.yml${DISTRIBUTED_SKIPPED}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let directory: string;
  let services: Record<string, Service>;
  let imageCheck: string[];
  let env: (service: Service) => Record<string, string>;

  beforeAll(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'sextant-containers-'));
    const compose = await readFile(path.join(root, 'docker-compose.yml'), 'utf8');
    services = (parse(compose, { merge: true }) as { services: Record<string, Service> }).services;
    const dockerfile = await readFile(path.join(root, 'Dockerfile'), 'utf8');
    imageCheck = JSON.parse(/^HEALTHCHECK .*CMD (\[.*\])$/m.exec(dockerfile)![1]!) as string[];
    const postgres: PostgresForTests = lifecycle.use(await createTestDatabase());
    // Names of containers are this machine, and each port is another one: several suites run on it.
    const ports = new Map<string, number>();
    for (const port of ['4000', '4001', '4002', '4003', '4004', '4005', '4006']) ports.set(port, await freePort());
    const supergraph = await readFile(path.join(root, 'supergraph.compose.yaml'), 'utf8');
    const here = supergraph
      .replace(/http:\/\/\w+:(\d+)/g, (_, port: string) => `http://127.0.0.1:${ports.get(port)}`)
      .replaceAll('./subgraphs', path.join(root, 'subgraphs'));
    await writeFile(path.join(directory, 'supergraph.yaml'), here);
    const others = {
      DATABASE_URL: postgres.url,
      REDIS_URL: REDIS_TEST_URL!,
      REDIS_PREFIX: `containers-${process.pid}:`,
      WEAVIATE_URL: '',
      SUPERGRAPH_FILE: path.join(directory, 'supergraph.yaml'),
      JWT_SECRET: '61c1f7d0e24b5c93a8f0d6b7e4a91c35',
      SEXTANT_DIR: path.join(directory, 'data'),
    };
    env = ({ environment }) => ({
      ...Object.fromEntries(
        Object.entries(environment).map(([name, value]) => {
          const text = TAKEN.exec(String(value));
          return [name, text ? (text[1] ?? '') : String(value)];
        }),
      ),
      ...others,
      ...('PORT' in environment && { PORT: String(ports.get(String(environment['PORT']))) }),
    });
  }, 60_000);
  afterAll(async () => {
    await lifecycle.disposeAsync();
    await rm(directory, { recursive: true, force: true });
  }, 60_000);

  it('migrate makes the tables and ends', async () => {
    expect(services['migrate']).toMatchObject({ command: 'migrate', healthcheck: { disable: true } });
    expect(await runToEnd(['migrate'], env(services['migrate']!))).toContain('chat: applied');
  }, 90_000);

  it.each(['auth', 'chat', 'memory', 'vision', 'vector', 'analytics', 'gateway'])(
    '%s is healthy by its own check while it runs, and not after it was killed',
    async (name) => {
      const service = services[name]!;
      const settings = env(service);
      const [kind = 'CMD', ...check] = service.healthcheck?.test ?? ['CMD', ...imageCheck];
      expect([kind, check.slice(0, 2)]).toEqual(['CMD', ['node', 'cli/sextant.js']]);
      const isHealthy = () =>
        runToEnd(check.slice(2), settings).then(
          () => true,
          () => false,
        );
      const running = await SextantProcess.start(service.command!.split(' '), settings);
      try {
        await expect.poll(isHealthy, { timeout: 30_000, interval: 200 }).toBe(true);
      } finally {
        await running.kill();
      }
      expect(await isHealthy()).toBe(false);
    },
    90_000,
  );

  it('doctor finds nothing wrong with the database of a container, whose address names no user', async () => {
    const { DATABASE_URL, ...settings } = env(services['chat']!);
    const url = new URL(DATABASE_URL!);
    url.username = url.password = '';
    const said = await runToEnd(['doctor'], { ...settings, DATABASE_URL: url.href });
    expect(said).toContain('✓ Postgres answers, and every subgraph finds its tables');
    const away = runToEnd(['doctor'], { ...settings, DATABASE_URL: 'postgresql://127.0.0.1:1/none' });
    await expect(away).rejects.toThrow(/✗ Postgres cannot be used\n +The database of DATABASE_URL cannot be reached/);
  }, 60_000);
});
