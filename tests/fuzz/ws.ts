import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import type { Fuzzer, Target } from './fuzzer.ts';
import { hostileJson, mutate } from './hostile.ts';
import type { Judge } from './judge.ts';
import type { Random } from './random.ts';

const PROTOCOLS = [
  'graphql-transport-ws',
  'graphql-transport-ws',
  'graphql-transport-ws',
  'graphql-ws',
  'x',
  undefined,
];
const QUERIES = [
  '{models{id}}',
  '{__typename}',
  'subscription($i:ID!){messageStream(id:$i){__typename}}',
  'subscription($i:ID!){conversationEvents(id:$i){__typename}}',
  'mutation($i:ID!){deleteConversation(input:{id:$i}){__typename}}',
  'subscription{',
];
const TYPES = ['ping', 'pong', 'subscribe', 'complete', 'connection_init', 'next', 'error', 'connection_ack', 'start'];

function message(random: Random, token: string): string {
  switch (random.int(9)) {
    case 0:
      return '{"type":"connection_init"}';
    case 1:
      return `{"type":"connection_init","payload":${random.chance(0.5) ? JSON.stringify({ authorization: `Bearer ${token}` }) : hostileJson(random)}}`;
    case 2:
      return `{"type":"${random.pick(['ping', 'pong'])}","payload":${hostileJson(random)}}`;
    case 3:
      return `{"type":${JSON.stringify(random.pick(TYPES))},"id":${hostileJson(random)},"payload":${hostileJson(random)}}`;
    case 4:
      return hostileJson(random);
    case 5:
      return `{"type":"complete","id":"${random.int(3)}"}`;
    default: {
      const query = JSON.stringify(random.pick(QUERIES));
      const more = random.pick(['', `,"extensions":${hostileJson(random)}`, `,"operationName":${hostileJson(random)}`]);
      return `{"type":"subscribe","id":"${random.int(4)}","payload":{"query":${query},"variables":{"i":${hostileJson(random)}}${more}}}`;
    }
  }
}

/** Messages in and out of order on one socket, some of them damaged, in pieces or binary. */
async function messages({ url, user }: Target, random: Random, judge: Judge): Promise<void> {
  const protocol = random.pick(PROTOCOLS);
  const headers = random.chance(0.2) ? { authorization: `Bearer ${user.accessToken}` } : {};
  const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, protocol ?? [], { headers });
  const sent: string[] = [];
  const closed = once(socket, 'close');
  closed.catch(() => {});
  socket.on('error', () => {});
  socket.on('message', (data) => judge.answer(undefined, data.toString(), sent.join('\n')));
  socket.on('close', (_, reason) => judge.answer(undefined, reason.toString(), sent.join('\n')));
  const opened = await Promise.race([once(socket, 'open').then(() => true), closed.then(() => false)]).catch(
    () => false,
  );
  if (!opened) return;
  if (random.chance(0.6)) socket.send('{"type":"connection_init"}');
  const count = random.chance(0.05) ? 500 : 1 + random.int(8);
  for (let i = 0; i < count && socket.readyState === socket.OPEN; i++) {
    const text =
      count > 100
        ? `{"type":"subscribe","id":"${i}","payload":{"query":"{models{id}}"}}`
        : message(random, user.accessToken);
    const bytes = random.chance(0.15) ? mutate(random, Buffer.from(text)) : Buffer.from(text);
    sent.push(bytes.toString());
    judge.sending(sent.join('\n'));
    const half = random.int(bytes.length + 1);
    if (random.chance(0.1)) {
      socket.send(bytes.subarray(0, half), { fin: false, binary: false });
      socket.send(bytes.subarray(half), { fin: true, binary: false });
    } else socket.send(bytes, { binary: random.chance(0.05) });
    if (random.chance(0.3)) await sleep(random.int(20));
  }
  await Promise.race([closed, sleep(50 + random.int(200))]);
  if (random.chance(0.5)) socket.close(random.pick([1000, 1001, 3000, 4000, 4999]), 'x'.repeat(random.int(123)));
  else socket.terminate();
}

/** Frames that the protocol of WebSocket forbids, or that promise more than comes. */
async function frames({ url }: Target, random: Random, judge: Judge): Promise<void> {
  const { hostname, port } = new URL(url);
  const socket = createConnection({ host: hostname, port: Number(port) });
  let heard = '';
  socket.on('data', (chunk) => {
    heard += chunk.toString();
  });
  socket.on('error', () => {});
  const upgrade = Buffer.from(
    `GET /graphql HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\n` +
      `sec-websocket-key: ${randomBytes(16).toString('base64')}\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`,
  );
  const request = random.chance(0.3) ? mutate(random, upgrade) : upgrade;
  const payload = Buffer.from('{"type":"ping"}');
  const frame = Buffer.concat([
    Buffer.from([random.int(256), random.pick([0x80, 0]) | random.pick([payload.length, 126, 127, 0, 125])]),
    random.bytes(random.pick([0, 2, 8])),
    random.bytes(4),
    payload,
  ]);
  const bytes = Buffer.concat([request, frame, random.bytes(random.int(60))]);
  judge.sending(bytes.toString('latin1'));
  socket.write(bytes);
  await Promise.race([once(socket, 'close').catch(() => {}), sleep(50 + random.int(150))]);
  if (random.chance(0.5)) socket.resetAndDestroy();
  else socket.destroy();
  judge.answer(Number(/^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1]), heard, bytes.toString('latin1'));
}

/** The WebSocket face: the protocol of messages, and the frames below it. */
export const ws: Fuzzer = {
  parallel: 6,
  run: (target, random, judge) => (random.chance(0.7) ? messages : frames)(target, random, judge),
};
