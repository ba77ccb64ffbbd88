import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestUser } from './testing/client.ts';
import { Load } from './testing/load.ts';
import { REDIS_TEST_URL } from './testing/postgres.ts';
import { SERVERS_SKIPPED, type StoppableServer, startPostgres } from './testing/servers.ts';
import { type RunningGraph, runToEnd, SUBGRAPHS, startDistributed } from './testing/sextant.ts';

const skipped = SERVERS_SKIPPED || (REDIS_TEST_URL ? '' : ' [SKIPPED: set REDIS_TEST_URL to run it]');
const FIRST = '61c1f7d0e24b5c93a8f0d6b7e4a91c35';
const SECOND = '0b9a8f7e6d5c4b3a29180f1e2d3c4b5a';
const ME = '{ me { id email } conversations(first: 1) { nodes { id } } memories(first: 1) { nodes { id } } }';

const AWAY = new Set<unknown>(['SUBGRAPH_UNAVAILABLE', 'SERVICE_UNAVAILABLE', 'TIMEOUT']);

interface Me {
  readonly me: { readonly id: string } | null;
}

describe.skipIf(skipped !== '')(`JWT_SECRET is changed under load${skipped}`, () => {
  const lifecycle = new AsyncDisposableStack();
  let postgres: StoppableServer;
  let graph: RunningGraph;
  let user: TestUser;
  beforeAll(async () => {
    postgres = lifecycle.use(await startPostgres({ passwords: true }));
    graph = lifecycle.use(
      await startDistributed(
        { postgres, redisUrl: REDIS_TEST_URL! },
        { JWT_SECRET: FIRST, ACCESS_TOKEN_TTL_S: '3600', NODE_ENV: 'production' },
      ),
    );
    user = await TestUser.signUp(graph.url);
  }, 180_000);
  afterAll(() => lifecycle.disposeAsync());

  async function roll(change: Record<string, string>): Promise<void> {
    for (const name of [...SUBGRAPHS, 'gateway']) {
      await graph.processes.get(name)!.stop();
      await graph.restart(name, change);
    }
  }

  async function refresh(): Promise<void> {
    const { refresh } = await user.run<{ refresh: { tokens: { refreshToken: string } } }, { input: object }>(
      'mutation ($input: RefreshInput!) { refresh(input: $input) { tokens { refreshToken } } }',
      { input: { refreshToken: user.refreshToken } },
    );
    user.refreshToken = refresh.tokens.refreshToken;
  }

  it('and no client is signed out', async () => {
    using load = new Load(10, () => user.send<Me, object>(ME));
    await roll({ JWT_SECRET: FIRST, JWT_SECRET_PREVIOUS: SECOND });
    await runToEnd(['migrate'], { DATABASE_URL: postgres.url, JWT_SECRET: SECOND, JWT_SECRET_PREVIOUS: FIRST });
    await roll({ JWT_SECRET: SECOND, JWT_SECRET_PREVIOUS: FIRST });
    // What the first secret has signed is good for as long as that secret is accepted.
    await refresh();
    await roll({ JWT_SECRET: SECOND, JWT_SECRET_PREVIOUS: '' });
    const outcomes = await load.stop();

    const codes = new Map<unknown, number>();
    for (const { answer } of outcomes)
      for (const error of answer?.errors ?? []) {
        const code = error.extensions?.['code'];
        codes.set(code, (codes.get(code) ?? 0) + 1);
      }
    // There is one process of each, so some requests find it away; none is told that its credentials are wrong.
    expect([...codes.keys()].filter((code) => !AWAY.has(code))).toEqual([]);
    expect(outcomes.filter(({ answer }) => answer?.data?.me?.id === user.id).length).toBeGreaterThan(50);

    const { data } = await user.send<Me, object>(ME);
    expect(data?.me?.id).toBe(user.id);
    await refresh();
  }, 300_000);
});
