// The limits as they are in front of clients, with the processor's own clock.
import { once } from 'node:events';
import { afterAll, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { fakeAuthenticator, startTestGateway } from '../testing/test-gateway.ts';

const gateway = await startTestGateway(
  { NEW_OPERATIONS_MS: '1', NODE_ENV: 'test', WS_MAX_MESSAGE_BYTES: '524288' },
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

/** A known operation with variables so large that reading them is work, or so small that it is none. */
const withNumbers = (count: number): string =>
  JSON.stringify({ query: '{ greeting(name: "known") }', variables: { numbers: Array(count).fill(0) } });

it('reading large bodies is paid of the same allowance, whatever is in them; small ones and other clients’ are read', async () => {
  const send = (body: string, user: string) =>
    fetch(`${gateway.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${user}` },
      body,
    });
  let refused: Response | undefined;
  for (let n = 0; n < 200 && refused === undefined; n++) {
    const answer = await send(withNumbers(200_000), 'large');
    if (answer.status === 429) refused = answer;
    else await answer.arrayBuffer();
  }
  expect(Number(refused?.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused?.json()).toMatchObject({ errors: [{ extensions: { code: 'RATE_LIMITED' } }] });
  expect((await send(withNumbers(10), 'large')).status).toBe(200);
  expect((await send(withNumbers(10_000), 'quiet')).status).toBe(200);
});

it('so is reading large messages of a WebSocket, whose socket is closed with 4412; small ones are read', async () => {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws', {
    headers: { authorization: 'Bearer talkative' },
  });
  const heard: { id?: string; type: string }[] = [];
  socket.on('message', (data) => heard.push(JSON.parse(data.toString())));
  const closed = once(socket, 'close');
  await once(socket, 'open');
  socket.send('{"type":"connection_init"}');
  await expect.poll(() => heard.map(({ type }) => type)).toContain('connection_ack');
  socket.send(`{"id":"small","type":"subscribe","payload":${withNumbers(10)}}`);
  await expect.poll(() => heard.map(({ type }) => type)).toContain('complete');
  for (let n = 0; n < 200 && socket.readyState === socket.OPEN; n++) {
    socket.send(`{"id":"${n}","type":"subscribe","payload":${withNumbers(100_000)}}`);
    socket.send(`{"id":"after ${n}","type":"subscribe","payload":${withNumbers(1)}}`);
    await expect
      .poll(
        () =>
          socket.readyState !== socket.OPEN || heard.some(({ id, type }) => id === `after ${n}` && type === 'complete'),
      )
      .toBe(true);
  }
  const [code, reason] = (await closed) as [number, Buffer];
  expect([code, reason.toString()]).toEqual([4412, expect.stringMatching(/more processor time/)]);
});
