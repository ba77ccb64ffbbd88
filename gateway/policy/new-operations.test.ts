// The limits as they are in front of clients, with the processor's own clock.
import { afterAll, expect, it } from 'vitest';
import { fakeAuthenticator, startTestGateway } from '../testing/test-gateway.ts';

const gateway = await startTestGateway(
  { NEW_OPERATIONS_MS: '1', NODE_ENV: 'test' },
  { authenticator: fakeAuthenticator().authenticator },
);
afterAll(() => gateway[Symbol.asyncDispose]());

const ask = (query: string, user: string): Promise<Response> =>
  fetch(`${gateway.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${user}` },
    body: JSON.stringify({ query }),
  });

it('one client’s unknown operations end in 429 with Retry-After; its known ones and other clients’ are answered', async () => {
  const known = '{ greeting(name: "known") }';
  expect((await ask(known, 'busy')).status).toBe(200);
  let refused: Response | undefined;
  // The clock of the processor may stand still for a few operations.
  for (let n = 0; n < 2_000 && refused === undefined; n++) {
    const answer = await ask(`{ greeting(name: "x") } #${n}`, 'busy');
    if (answer.status === 429) refused = answer;
    else await answer.arrayBuffer();
  }
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused?.json()).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
  expect((await ask(known, 'busy')).status).toBe(200);
  expect((await ask('{ greeting(name: "another") }', 'calm')).status).toBe(200);
});
