import { afterAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { unauthenticated } from '#platform/base/errors/errors.ts';
import type { Authenticator } from '#platform/identity/authenticator.ts';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import { startTestGateway } from '../testing/test-gateway.ts';

/** Called when a token ends. */
const ends = new Map<string, () => void>();
/** Tokens are `<user>/<scope>/<number>`, and end when the test says so. */
const authenticator: Authenticator = {
  async authenticate({ authorization }) {
    if (authorization === undefined) return ANONYMOUS;
    const token = authorization.replace('Bearer ', '');
    const [userId, scope] = token.split('/');
    if (userId === undefined || scope === undefined) throw unauthenticated('The token is not valid.');
    return { kind: 'user', userId, sessionId: token, roles: [], scopes: [scope], expiresAt: 4e9 };
  },
  watch(identity, ended) {
    const token = identity.kind === 'user' ? identity.sessionId! : '';
    ends.set(token, () => ended('expired'));
    return () => void ends.delete(token);
  },
};
const gateway = await startTestGateway({}, { authenticator });
afterAll(() => gateway[Symbol.asyncDispose]());

async function open(token: string) {
  const socket = new WebSocket(`${gateway.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  // biome-ignore lint/suspicious/noExplicitAny: messages of every shape are looked into
  const messages: any[] = [];
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  socket.on('message', (data) => messages.push(JSON.parse(data.toString())));
  const send = (message: object) => socket.send(JSON.stringify(message));
  await new Promise((resolve) => socket.once('open', resolve));
  send({ type: 'connection_init', payload: { authorization: `Bearer ${token}` } });
  await expect.poll(() => messages.length).toBe(1);
  const ping = async (payload: object) => {
    const before = messages.filter(({ type }) => type === 'pong').length;
    send({ type: 'ping', payload });
    await expect.poll(() => messages.filter(({ type }) => type === 'pong').length).toBe(before + 1);
    return messages.findLast(({ type }) => type === 'pong').payload;
  };
  return { socket, messages, closed, send, ping };
}

describe('a new token on an open socket', () => {
  it('takes the place of the first: the socket and its subscriptions live on when that ends', async () => {
    const client = await open('ada/chat/1');
    client.send({ id: 's', type: 'subscribe', payload: { query: 'subscription { endless { number } }' } });
    expect(await client.ping({ authorization: 'Bearer ada/chat/2' })).toEqual({
      credentials: 'renewed',
      expiresAt: 4e9,
    });
    expect([...ends.keys()]).toEqual(['ada/chat/2']);
    const events = () => client.messages.filter(({ id, type }) => id === 's' && type === 'next').length;
    const seen = events();
    await expect.poll(events).toBeGreaterThan(seen);
    ends.get('ada/chat/2')!();
    expect(await client.closed).toBe(4403);
  });

  it('that is wrong, of another user, or grants something else is refused, and the first holds', async () => {
    const client = await open('ada/chat/1');
    expect(await client.ping({ authorization: 'Bearer nonsense' })).toEqual({
      credentials: 'refused',
      message: 'The token is not valid.',
    });
    for (const token of ['bob/chat/1', 'ada/admin/1'])
      expect(await client.ping({ authorization: `Bearer ${token}` })).toMatchObject({ credentials: 'refused' });
    expect([...ends.keys()]).toEqual(['ada/chat/1']);
    ends.get('ada/chat/1')!();
    expect(await client.closed).toBe(4403);
  });

  it('is asked for by credentials alone: another ping has its payload back', async () => {
    const client = await open('ada/chat/1');
    expect(await client.ping({ at: 1 })).toEqual({ at: 1 });
    client.socket.close();
    await client.closed;
  });
});
