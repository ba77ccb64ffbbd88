import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse, print } from 'graphql';
import { WebSocket } from 'ws';
import {
  CreateConversationDocument,
  MessageStreamDocument,
  SendMessageDocument,
} from '../../tests/client/generated/graphql.ts';
import { TestUser } from '../../tests/testing/client.ts';
import type { RunningGraph } from '../../tests/testing/sextant.ts';
import { now } from '../llm/provider.ts';
import { addedBy, type Contender, type Talk, type Work } from './contender.ts';

/** People who sign up; each may have several conversations on several devices. */
const ACCOUNTS = 50;

/** What is known about each of them. */
const KNOWN = [
  'Keeps an orchard of forty apple trees in the northern valley.',
  'Writes down every harvest since 1900, with the weather of that year.',
  'Has two daughters, who help with the harvest in autumn.',
  'Prefers short answers with figures.',
  'Sells cider at the market of the next town on Saturdays.',
  'Is allergic to nuts.',
];
const REMEMBER = 'mutation Remember($input: RememberInput!) { remember(input: $input) { memories { id } } }';
/** How long what is known has until it is found, in ms. */
const INDEXED_MS = 3_000;

const SEND = print(SendMessageDocument);
const FOLLOW = print(parse(print(MessageStreamDocument)));

/** The product behind its gateway, with what tells what its database does. */
export function product(name: string, graph: RunningGraph, work: () => Promise<Work>): Contender {
  const accounts: TestUser[] = [];
  return {
    name,
    processes: new Map([...graph.processes].map(([name, { pid }]) => [name, pid])),
    async talks(count) {
      const known = accounts.length;
      while (accounts.length < Math.min(count, ACCOUNTS)) accounts.push(await personOf(graph.url));
      if (accounts.length > known) await sleep(INDEXED_MS);
      const talks: Promise<Talk>[] = [];
      for (let i = 0; i < count; i++) talks.push(talkOf(accounts[i % accounts.length]!));
      return Promise.all(talks);
    },
    work,
    [Symbol.asyncDispose]: () => graph[Symbol.asyncDispose](),
  };
}

/** A person about whom something is known, so that recall searches for each reply, and finds. */
async function personOf(url: string): Promise<TestUser> {
  const user = await TestUser.signUp(url);
  const { errors } = await user.send(REMEMBER, { input: { memories: KNOWN.map((text) => ({ text })) } });
  if (errors) throw new Error(errors[0]!.message);
  return user;
}

async function talkOf(user: TestUser): Promise<Talk> {
  const { createConversation } = await user.run(CreateConversationDocument, { input: {} });
  const conversationId = createConversation!.conversation.id;
  const device = await Device.open(user);
  return { say: (text) => device.say(conversationId, text) };
}

interface Heard {
  next(text: string): void;
  fail(error: Error): void;
}

/** A graphql-ws connection that costs the load as little as can be: messages are searched, not read. */
class Device {
  readonly #socket: WebSocket;
  readonly #operations = new Map<string, Heard>();
  #next = 1;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data: Buffer) => this.#take(data.toString()));
    socket.on('close', (code) => this.#failAll(new Error(`The socket was closed with ${code}.`)));
  }

  static open(user: TestUser): Promise<Device> {
    return new Promise((resolve, reject) => {
      const socket = new WebSocket(`${user.url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws', {
        perMessageDeflate: false,
      });
      socket.once('error', reject);
      const payload = { authorization: `Bearer ${user.accessToken}` };
      socket.once('open', () => socket.send(JSON.stringify({ type: 'connection_init', payload })));
      socket.once('message', () => resolve(new Device(socket)));
    });
  }

  async say(conversationId: string, text: string): Promise<number> {
    const sentAt = now();
    const input = { conversationId, clientMessageId: randomUUID(), text };
    const answer = await this.#ask(SEND, { input });
    const replyId = /"reply":\{"id":"([^"]+)"/.exec(answer)?.[1];
    if (replyId === undefined) throw new Error(answer);
    return this.#follow(replyId, sentAt);
  }

  #ask(query: string, variables: object): Promise<string> {
    return new Promise((resolve, reject) => this.#start(query, variables, { next: resolve, fail: reject }));
  }

  #follow(messageId: string, sentAt: number): Promise<number> {
    return new Promise((resolve, reject) => {
      let added: number | undefined;
      this.#start(
        FOLLOW,
        { messageId, after: 0 },
        {
          next: (event) => {
            if (event.includes('"status":')) {
              if (event.includes('"COMPLETE"') && added !== undefined) resolve(added);
              else reject(new Error(event));
            } else if (added === undefined && !event.includes('"text":""')) {
              // The sources that memory gave come before the first word.
              const { text } = (JSON.parse(event) as Event).payload.data.messageStream;
              if (text) added = addedBy(sentAt, now(), text);
            }
          },
          fail: reject,
        },
      );
    });
  }

  #start(query: string, variables: object, heard: Heard): void {
    const id = String(this.#next++);
    this.#operations.set(id, heard);
    this.#socket.send(JSON.stringify({ id, type: 'subscribe', payload: { query, variables } }));
  }

  #take(message: string): void {
    if (message.includes('"type":"ping"')) this.#socket.send('{"type":"pong"}');
    const id = /"id":"(\d+)"/.exec(message)?.[1];
    const operation = id === undefined ? undefined : this.#operations.get(id);
    if (!operation) return;
    if (/"type":"(next)"/.test(message)) operation.next(message);
    else if (/"type":"error"/.test(message)) operation.fail(new Error(message));
    if (/"type":"(complete|error)"/.test(message)) this.#operations.delete(id!);
  }

  #failAll(error: Error): void {
    for (const { fail } of this.#operations.values()) fail(error);
  }
}

interface Event {
  readonly payload: { readonly data: { readonly messageStream: { readonly text?: string } } };
}
