import { pino } from 'pino';
import { Registry } from 'prom-client';
import { describe, expect, it, vi } from 'vitest';
import { openStores } from '#platform/host/stores.ts';
import { TokenVerifier } from '#platform/identity/token-verifier.ts';
import { AuthWorld, bearer } from '../testing/auth-world.ts';

const REDIS_TEST_URL = process.env['REDIS_TEST_URL'] || undefined;
const title = REDIS_TEST_URL ? '' : ' [SKIPPED: set REDIS_TEST_URL to run it]';

describe.skipIf(!REDIS_TEST_URL)(`gateways that share nothing but Redis${title}`, () => {
  it('refuse an access token after the sign-out that another one served, without asking for it', async () => {
    const settings = {
      REDIS_URL: REDIS_TEST_URL!,
      REDIS_PREFIX: `auth-test-${process.pid}:`,
      JWT_SECRET: 's'.repeat(40),
    };
    await using world = await AuthWorld.open(settings);
    await using lifecycle = new AsyncDisposableStack();
    const log = pino({ level: 'silent' });
    const { config } = world.parts;
    const stores = await openStores({ config, log, metrics: new Registry(), lifecycle });
    const replica = lifecycle.use(
      new TokenVerifier({
        fetch: (request) => world.subgraph.fetch(request, { kind: 'service', service: 'gateway' }),
        topics: stores.topics,
        log,
        issuer: config.JWT_ISSUER,
        audience: config.JWT_AUDIENCE,
        appIssuer: config.publicUrl,
        // Never within this test: what is measured is what Redis carries.
        pollMs: 600_000,
      }),
    );
    const user = await world.user();
    const identity = await replica.authenticate(bearer(user.accessToken));
    const ended = vi.fn();
    replica.watch(identity, ended);
    await world.ask('mutation { logout { success } }', {}, bearer(user.accessToken));
    await vi.waitFor(() => expect(ended).toHaveBeenCalledWith('revoked'), { timeout: 15_000, interval: 10 });
    await expect(replica.authenticate(bearer(user.accessToken))).rejects.toMatchObject({
      extensions: { code: 'UNAUTHENTICATED' },
    });
  });
});
