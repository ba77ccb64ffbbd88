import { setTimeout as sleep } from 'node:timers/promises';
import { print } from 'graphql';
import { WebSocket } from 'ws';
import { ConversationEventsDocument, CreateConversationDocument } from '../../tests/client/generated/graphql.ts';
import { TestUser } from '../../tests/testing/client.ts';

const USERS = 40;
const PATIENCE_MS = 300_000;

/** One client with one subscription. */
export interface StormClient {
  readonly user: TestUser;
  readonly conversationId: string;
  /** Of the gateway that it connects to. Default: that of its user. */
  readonly url?: string;
}

/** Makes people, each with a conversation. */
export async function stormPeople(url: string, users = USERS): Promise<StormClient[]> {
  const people: StormClient[] = [];
  for (let i = 0; i < users; i++) {
    const user = await TestUser.signUp(url);
    const { createConversation } = await user.run(CreateConversationDocument, { input: { title: 'A storm' } });
    people.push({ user, conversationId: createConversation!.conversation.id });
  }
  return people;
}

/** Connects and subscribes; resolves with the first event. */
export function follow({ user, conversationId, url = user.url }: StormClient): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws', {
      perMessageDeflate: false,
    });
    socket.on('error', reject);
    socket.on('close', (code, reason) => reject(new Error(`closed with ${code} ${reason}`)));
    const send = (message: object) => socket.send(JSON.stringify(message));
    socket.on('open', () =>
      send({ type: 'connection_init', payload: { authorization: `Bearer ${user.accessToken}` } }),
    );
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      if (text.startsWith('{"type":"connection_ack"')) {
        const payload = { query: print(ConversationEventsDocument), variables: { conversationId } };
        send({ id: '1', type: 'subscribe', payload });
      } else if (text.includes('"data":{"conversationEvents"')) resolve(socket);
      else if (!text.includes('"ping"')) reject(new Error(text));
    });
  });
}

/** The same, and again where the server says that it is busy, as a client of graphql-ws does. */
export async function followPatiently(client: StormClient): Promise<WebSocket> {
  const deadline = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await follow(client);
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(500 + Math.random() * 1_000);
    }
  }
}

/**
 * Drops that many clients at once, and resolves when all of them have an event again.
 *
 * @param urls of the gateways, which clients take in turn.
 * @param connected is waited for right before.
 * @returns the seconds that it took.
 */
export async function comeBack(
  urls: readonly string[],
  clients: number,
  connected: () => Promise<unknown>,
): Promise<number> {
  const people = await stormPeople(urls[0]!);
  const all = Array.from({ length: clients }, (_, i) => ({
    ...people[i % people.length]!,
    url: urls[Math.floor(i / people.length) % urls.length]!,
  }));
  const drop = (sockets: readonly WebSocket[]): void => {
    for (const socket of sockets) socket.removeAllListeners('close').terminate();
  };
  const first = await Promise.all(all.map(followPatiently));
  await connected();
  const began = performance.now();
  drop(first);
  const again = await Promise.all(all.map(followPatiently));
  const seconds = (performance.now() - began) / 1_000;
  drop(again);
  return seconds;
}
