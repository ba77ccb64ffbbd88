import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { outageOf } from '../../base/errors/outage.ts';
import { faultProxy } from '../../realtime/redis/testing/redis.ts';
import { createOwnerPool } from './owner-pool.ts';

const POSTGRES_TEST_URL = process.env['POSTGRES_TEST_URL'] || undefined;
const skipped = POSTGRES_TEST_URL ? '' : ' [SKIPPED: set POSTGRES_TEST_URL to run it]';

describe.skipIf(!POSTGRES_TEST_URL)(`a server of Postgres that is gone without a word${skipped}`, () => {
  const lifecycle = new AsyncDisposableStack();
  afterAll(() => lifecycle.disposeAsync());
  let proxy: Awaited<ReturnType<typeof faultProxy>>;
  beforeEach(async () => {
    proxy = await faultProxy(lifecycle, POSTGRES_TEST_URL);
  });
  const openPool = () => {
    const url = new URL(POSTGRES_TEST_URL!);
    url.port = new URL(proxy.url).port;
    const { pool } = createOwnerPool({ max: 1 }, [url.href], { silenceMs: 300 });
    pool.on('error', () => {});
    lifecycle.defer(() => pool.end());
    return pool;
  };
  const outage = (query: Promise<unknown>) => query.then(() => 'answered', outageOf);

  it('holds no query: it is away, and the place in the pool is free for what comes after', async () => {
    const pool = openPool();
    await pool.query('SELECT 1');
    // The connection that is open leads nowhere; another one reaches the server that stands in its place.
    proxy.deafen();
    expect(await outage(pool.query('SELECT 1'))).toBe('away');
    expect((await pool.query('SELECT 2 AS two')).rows).toEqual([{ two: 2 }]);
  });

  it('and is nowhere else either: the query is told so', async () => {
    const pool = openPool();
    await pool.query('SELECT 1');
    proxy.freeze();
    expect(await outage(pool.query('SELECT 1'))).toBe('away');
    proxy.heal();
    expect((await pool.query('SELECT 2 AS two')).rows).toEqual([{ two: 2 }]);
  });

  it('is not one that takes its time: a long query has its answer', async () => {
    const pool = openPool();
    expect((await pool.query('SELECT 3 AS three FROM pg_sleep(1.5)')).rows).toEqual([{ three: 3 }]);
  });
});
