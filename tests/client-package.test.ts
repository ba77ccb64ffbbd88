import { createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import { loadConfig } from '#platform/base/config/config.ts';
import {
  type ConnectionOptions,
  createSextant,
  isError,
  memoryStore,
  newId,
  type ReplyState,
  type Sextant,
  webStore,
} from '../clients/typescript/src/index.ts';
import { TestUser } from './testing/client.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';
import { story } from './testing/story.ts';

const WORDS = 150;
const WHOLE = story(WORDS).join('');

/** A way to the server that a test can cut, as a network does: without a word. */
class Wire {
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  cuts = 0;
  /** While it is down, who connects is cut at once. */
  isDown = false;
  /** Refuses to change to the protocol of sockets, as some proxies do. */
  blocksSockets = false;
  /** As many connections lose the next operation and all that is sent on them after it, without a word. */
  swallows = 0;
  /** As many connections have the next operation done, and lose its answer and all after it, without a word. */
  losesAnswers = 0;
  url = '';

  async open(target: number): Promise<this> {
    const { connect } = await import('node:net');
    this.#server = createServer((near) => {
      if (this.isDown) return void near.destroy();
      const far = connect(target, '127.0.0.1');
      let isDead = false;
      let isMute = false;
      near.on('data', (data) => {
        if (this.swallows > 0 && !isDead && data.toString('latin1', 0, 5) === 'POST ') {
          this.swallows--;
          isDead = true;
        }
        if (isDead) return;
        if (this.losesAnswers > 0 && !isMute && data.toString('latin1', 0, 5) === 'POST ') {
          this.losesAnswers--;
          isMute = true;
        }
        if (this.blocksSockets && /upgrade: websocket/i.test(data.toString('latin1'))) {
          return void near.end('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n');
        }
        far.write(data);
      });
      far.on('data', (data) => {
        if (!isMute) near.write(data);
      });
      for (const [one, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(one);
        one.on('error', () => undefined);
        one.on('close', () => {
          this.#sockets.delete(one);
          other.destroy();
        });
      }
    });
    await new Promise<void>((resolve) => this.#server!.listen(0, '127.0.0.1', resolve));
    this.url = `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
    return this;
  }

  cut(): void {
    this.cuts++;
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server!.close(resolve));
  }
}

/** Checks that each state follows from the one before, as a person sees it. */
async function read(states: AsyncIterable<ReplyState>, seen: (state: ReplyState) => void = () => undefined) {
  let last: ReplyState | undefined;
  let added = '';
  for await (const state of states) {
    added += state.delta;
    last = state;
    seen(state);
  }
  return { ...last!, added };
}

it('asks for new tokens again while the server still answers the same refresh token', async () => {
  const graceMs = loadConfig({ LOG_LEVEL: 'silent' }).REFRESH_GRACE_S * 1000;
  const store = memoryStore();
  store.write({ accessToken: 'a', refreshToken: 'r', refreshAt: 0 });
  // A server whose first answer is lost, and a clock that is as far as has been waited.
  let waitedMs = 0;
  const asked: number[] = [];
  using timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation((ms) => {
    const ended = new AbortController();
    if (asked.length === 0) {
      setImmediate(() => {
        waitedMs += ms;
        ended.abort(new DOMException('too long', 'TimeoutError'));
      });
    }
    return ended.signal;
  });
  const sextant = createSextant({
    url: 'http://127.0.0.1:1',
    store,
    subscriptions: 'sse',
    fetch: async (_url, init) => {
      asked.push(waitedMs);
      if (asked.length === 1)
        return new Promise((_, reject) => init!.signal!.addEventListener('abort', () => reject(init!.signal!.reason)));
      const isStolen = waitedMs > graceMs / 2;
      const errors = [{ message: 'reused', extensions: { code: 'UNAUTHENTICATED' } }];
      const data = { refresh: { tokens: { accessToken: 'b', refreshToken: 's' } } };
      return Response.json(isStolen ? { errors } : { data });
    },
  });
  expect(await sextant.session.token('a').catch(() => sextant.session.token('a'))).toBe('b');
  expect(sextant.session.isSignedIn).toBe(true);
  expect(timeout).toHaveBeenCalledTimes(asked.length);
  sextant.close();
});

it('tells that another person has signed in, and neither of a refresh nor of what else a page stores', () => {
  let stored: (event: { key: string | null }) => void = () => undefined;
  vi.stubGlobal('addEventListener', (name: string, listener: typeof stored) => {
    if (name === 'storage') stored = listener;
  });
  onTestFinished(() => void vi.unstubAllGlobals());
  const tokenOf = (sub: string, jti: number) => `x.${btoa(JSON.stringify({ sub, jti }))}.x`;
  const store = memoryStore();
  const write = (sub: string, jti: number) =>
    store.write({ accessToken: tokenOf(sub, jti), refreshToken: `${jti}`, refreshAt: 0 });
  write('anna', 1);
  const sextant = createSextant({ url: 'http://127.0.0.1:1', store, subscriptions: 'sse' });
  onTestFinished(() => sextant.close());
  const told: boolean[] = [];
  sextant.session.onChange((signedIn) => told.push(signedIn));
  const key = 'sextant:http://127.0.0.1:1/graphql';
  stored({ key: 'theme' });
  write('anna', 2);
  stored({ key });
  expect(told).toEqual([]);
  write('bert', 3);
  // A store of the page's own writes under a name that is not known here.
  stored({ key: 'my-session' });
  expect(told).toEqual([true]);
  stored({ key });
  expect(told).toEqual([true]);
  store.write(undefined);
  stored({ key: null });
  expect(told).toEqual([true, false]);
});

it('ends a subscription over events that is left while its token is fetched', async () => {
  const left = new AbortController();
  let requests = 0;
  const sextant = createSextant({
    url: 'http://127.0.0.1:1',
    store: memoryStore(),
    subscriptions: 'sse',
    fetch: async () => {
      requests++;
      return new Response('', { headers: { 'content-type': 'text/event-stream' } });
    },
  });
  onTestFinished(() => sextant.close());
  const events = sextant.subscribe(
    'subscription { viewerEvents { __typename } }',
    {},
    {
      signal: left.signal,
    },
  );
  const first = events[Symbol.asyncIterator]().next();
  left.abort();
  expect((await first).done).toBe(true);
  expect(requests).toBe(0);
});

describe('the client package', () => {
  const lifecycle = new AsyncDisposableStack();
  let model: FaultServer;
  let graph: RunningGraph;
  let wire: Wire;

  const open = async (
    options: Pick<ConnectionOptions, 'store' | 'subscriptions' | 'answerWithinMs' | 'fetch'> & { user?: TestUser } = {},
  ) => {
    const user = options.user ?? (await TestUser.signUp(graph.url));
    const sextant = createSextant({ url: wire.url, store: options.store ?? memoryStore(), ...options });
    lifecycle.defer(() => sextant.close());
    await sextant.session.signIn(user.email, user.password);
    return { user, sextant };
  };
  const texts = async (sextant: Sextant, id: string) =>
    (await sextant.conversation(id).messages()).messages.map(({ text }) => text);

  beforeAll(async () => {
    model = lifecycle.use(await FaultServer.start(answer(story(WORDS), { gapMs: 10 })));
    graph = lifecycle.use(
      await startEmbedded({
        OPENAI_API_KEY: 'sk-test',
        OPENAI_BASE_URL: model.url,
        OPENAI_MODEL: 'test-model',
        CHAT_REPLIES_PER_USER: '100',
        // So short that tokens end within the tests.
        ACCESS_TOKEN_TTL_S: '30',
      }),
    );
    wire = lifecycle.use(await new Wire().open(Number(new URL(graph.url).port)));
  }, 60_000);
  afterAll(() => lifecycle.disposeAsync(), 60_000);

  it('sends a message and hands out the reply as it grows', async () => {
    const { sextant } = await open();
    const conversation = await sextant.startConversation({ title: 'A story' });
    const reply = await read(conversation.send('Tell me a story'));
    expect(reply).toMatchObject({ text: WHOLE, added: WHOLE, status: 'COMPLETE', error: null });
    expect(await texts(sextant, conversation.id)).toEqual(['Tell me a story', WHOLE]);
  }, 60_000);

  it('sends from pages that are neither of https nor of localhost, where browsers have no crypto.randomUUID', async () => {
    const { sextant } = await open();
    vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) });
    onTestFinished(() => void vi.unstubAllGlobals());
    const conversation = await sextant.startConversation();
    expect((await read(conversation.send('Tell me a story'))).status).toBe('COMPLETE');
    expect(newId()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  }, 60_000);

  it.each(['websocket', 'sse'] as const)(
    'goes on after cuts over %s: nothing lost, nothing twice',
    async (subscriptions) => {
      const { sextant } = await open({ subscriptions });
      const conversation = await sextant.startConversation();
      let next = 1;
      const before = wire.cuts;
      const reply = await read(conversation.send('Tell me a story'), ({ text }) => {
        if (text.length < (next * WHOLE.length) / 8) return;
        next++;
        wire.cut();
      });
      expect(reply).toMatchObject({ text: WHOLE, added: WHOLE, status: 'COMPLETE' });
      expect(wire.cuts - before).toBeGreaterThan(2);
    },
    60_000,
  );

  it('hears the news of a person through cuts: each conversation once', async () => {
    const { sextant, user } = await open();
    const other = createSextant({ url: graph.url, store: memoryStore() });
    lifecycle.defer(() => other.close());
    await other.session.signIn(user.email, user.password);
    const added: string[] = [];
    const made: string[] = [];
    for await (const { addedConversations, reset } of sextant.viewerEvents()) {
      expect(reset).toBe(false);
      added.push(...addedConversations.map(({ id }) => id));
      if (added.length === 12) break;
      wire.cut();
      for (let n = 0; n < 3 && made.length < 12; n++) made.push((await other.startConversation()).id);
    }
    expect(added.sort()).toEqual(made.sort());
  }, 60_000);

  it('sends one message where the answer to the first try was lost', async () => {
    const { sextant } = await open();
    const conversation = await sextant.startConversation();
    const arrived = model.arrival();
    const fetched = globalThis.fetch;
    let lost = 0;
    const careless = createSextant({
      url: wire.url,
      store: memoryStore(),
      fetch: async (...request) => {
        const response = await fetched(...request);
        if (!String(request[1]?.body).includes('mutation SendMessage') || lost++ > 0) return response;
        throw new TypeError('the answer was lost');
      },
    });
    lifecycle.defer(() => careless.close());
    const user = await TestUser.signUp(graph.url);
    await careless.session.signIn(user.email, user.password);
    const own = await careless.startConversation();
    expect(await own.send('Only once').end()).toMatchObject({ text: WHOLE });
    await arrived;
    expect(lost).toBe(2);
    expect(await texts(careless, own.id)).toEqual(['Only once', WHOLE]);
    expect(await texts(sextant, conversation.id)).toEqual([]);
  }, 60_000);

  it('goes on where it stood when the server is started again', async () => {
    const { sextant } = await open();
    const conversation = await sextant.startConversation();
    model.behave(answer(story(WORDS), { gapMs: 40 }));
    let restarted: Promise<void> | undefined;
    const reply = await read(conversation.send('Tell me a story'), ({ text }) => {
      if (text.length < 60 || restarted) return;
      restarted = (async () => {
        await graph.processes.get('sextant')!.kill();
        await graph.restart('sextant');
      })();
    });
    await restarted;
    model.behave(answer(story(WORDS), { gapMs: 10 }));
    // The model's socket died with the process: what was written is kept, and the reader has exactly that.
    expect(['COMPLETE', 'INTERRUPTED']).toContain(reply.status);
    expect(WHOLE.startsWith(reply.text)).toBe(true);
    expect(reply.added).toBe(reply.text);
    expect((await texts(sextant, conversation.id))[1]).toBe(reply.text);
  }, 60_000);

  it('renews a token that has ended in the middle of a reply', async () => {
    const store = memoryStore();
    const { sextant } = await open({ store });
    const conversation = await sextant.startConversation();
    const ended = store.read()!;
    let isOver = false;
    const reply = await read(conversation.send('Tell me a story'), ({ text }) => {
      if (text.length < 60 || isOver) return;
      isOver = true;
      // As after a night's sleep: what is kept is not good any more, and the socket is gone.
      store.write({ ...store.read()!, accessToken: `${ended.accessToken.slice(0, -8)}AAAAAAAA` });
      wire.cut();
    });
    expect(reply).toMatchObject({ text: WHOLE, added: WHOLE, status: 'COMPLETE' });
    expect(store.read()!.accessToken).not.toBe(ended.accessToken);
    expect(sextant.session.isSignedIn).toBe(true);
  }, 60_000);

  it('waits while the device is offline, and goes on when it is back', async () => {
    const { sextant } = await open();
    const conversation = await sextant.startConversation();
    let isAway = false;
    const reply = await read(conversation.send('Tell me a story'), ({ text }) => {
      if (text.length < 60 || isAway) return;
      isAway = true;
      wire.isDown = true;
      wire.cut();
      setTimeout(() => {
        wire.isDown = false;
      }, 1_500);
    });
    expect(reply).toMatchObject({ text: WHOLE, added: WHOLE });
  }, 60_000);

  it('sends again where no answer comes: one message, and the session goes on', async () => {
    const store = memoryStore();
    const { sextant } = await open({ store, answerWithinMs: 1_000 });
    const conversation = await sextant.startConversation();
    wire.swallows = 1;
    expect(await read(conversation.send('Tell me a story'))).toMatchObject({ text: WHOLE, added: WHOLE });
    expect(wire.swallows).toBe(0);
    expect(await texts(sextant, conversation.id)).toEqual(['Tell me a story', WHOLE]);
    for (const fault of ['swallows', 'losesAnswers'] as const) {
      const { accessToken } = store.read()!;
      wire[fault] = 1;
      const next = await sextant.session.token(accessToken);
      expect([fault, next]).toEqual([fault, expect.stringMatching(/^ey/)]);
      expect(next).not.toBe(accessToken);
      expect(wire[fault]).toBe(0);
    }
  }, 60_000);

  it('begins without a session where something else lies in its place', () => {
    for (const kept of ['null', '{}', '[]', '"x"', '{"accessToken":"a"}', 'not JSON']) {
      const store = webStore({ getItem: () => kept } as unknown as Storage, 'x');
      expect([kept, store.read()]).toEqual([kept, undefined]);
    }
  });

  it('takes server-sent events where sockets are blocked', async () => {
    wire.blocksSockets = true;
    try {
      const { sextant } = await open();
      const conversation = await sextant.startConversation();
      expect(await read(conversation.send('Tell me a story'))).toMatchObject({ text: WHOLE, added: WHOLE });
    } finally {
      wire.blocksSockets = false;
    }
  }, 60_000);

  it('refreshes once for two tabs that need it at the same moment, and signs both out together', async () => {
    const store = memoryStore();
    const { sextant: one, user } = await open({ store });
    const other = createSextant({ url: wire.url, store });
    lifecycle.defer(() => other.close());
    const { accessToken } = store.read()!;
    const [first, second] = await Promise.all([one.session.token(accessToken), other.session.token(accessToken)]);
    expect(first).not.toBe(accessToken);
    expect(second).toBe(first);
    const told = new Promise<boolean>((resolve) => other.session.onChange(resolve));
    await one.session.signOut();
    expect(await told).toBe(false);
    expect(other.session.isSignedIn).toBe(false);
    await one.session.signIn(user.email, user.password);
  }, 60_000);

  it('stops a reply, and edits and regenerates beside what was there', async () => {
    const { sextant } = await open();
    const conversation = await sextant.startConversation();
    const reply = conversation.send('Tell me a story');
    let stopping: Promise<void> | undefined;
    const stopped = await read(reply, ({ text }) => {
      if (text.length > 60) stopping ??= reply.stop();
    });
    await stopping;
    expect(stopped.status).toBe('STOPPED');
    expect(stopped.text.length).toBeLessThan(WHOLE.length);
    const again = await conversation.regenerate(stopped.messageId).end();
    expect(again.text).toBe(WHOLE);
    const { messages } = await conversation.messages();
    const edited = await conversation.edit(messages[0]!.id, 'Tell me another story').end();
    expect(edited.text).toBe(WHOLE);
    expect(await texts(sextant, conversation.id)).toEqual(['Tell me another story', WHOLE]);
  }, 60_000);

  it('shows who is in the room, and what happens there', async () => {
    const { sextant, user } = await open();
    const conversation = await sextant.startConversation();
    const ended = new AbortController();
    for await (const members of conversation.presence({ signal: ended.signal })) {
      expect(members.map(({ userId }) => userId)).toEqual([user.id]);
      ended.abort();
    }
    const events = conversation.events();
    const first = await events.next();
    expect(first.value).toMatchObject({ __typename: 'RoomMembers' });
    const reply = conversation.send('Hello').end();
    const names: string[] = [];
    for await (const event of events) {
      names.push(event.__typename!);
      if (event.__typename === 'ReplyFinished') break;
    }
    await reply;
    expect(names).toEqual(expect.arrayContaining(['MessageCreated', 'ReplyStarted', 'ReplyFinished']));
  }, 60_000);

  it('uploads a document, tells how far it is, and says why another one cannot be read', async () => {
    const { sextant } = await open();
    const phases = new Set<string>();
    const text = new File(['# Sextant\n\nThe chart room is behind the bridge.'], 'ship.md', { type: 'text/markdown' });
    const { id } = await sextant.uploads.document(text, { onProgress: ({ phase }) => phases.add(phase) });
    const { document } = await sextant.request<{ document: { status: string } }, { id: string }>(
      'query Document($id: ID!) { document(id: $id) { status } }',
      { id },
    );
    expect(document.status).toBe('READY');
    expect(phases).toContain('processing');
    const damaged = new File(['%PDF-1.7 nothing else'], 'plan.pdf', { type: 'application/pdf' });
    const error = await sextant.uploads.document(damaged).catch((thrown: unknown) => thrown);
    expect(isError(error, 'BAD_USER_INPUT')).toBe(true);
  }, 60_000);

  it('uploads by the fetch that it was given, and stops where the signal says so', async () => {
    const asked: string[] = [];
    const stopped = new AbortController();
    const own: typeof fetch = async (input, init) => {
      asked.push(`${init?.method} ${new URL(String(input)).pathname}`);
      // Before the bytes go.
      if (init?.method === 'PUT') stopped.abort();
      return fetch(input, init);
    };
    const { sextant } = await open({ fetch: own });
    const file = new File(['# Sextant\n\nAn instrument'], 'ship.md', { type: 'text/markdown' });
    const end = await sextant.uploads.document(file, { signal: stopped.signal }).catch((error: unknown) => error);
    expect(end).toMatchObject({ name: 'AbortError' });
    expect(asked.filter((one) => one.startsWith('PUT /'))).toHaveLength(1);
    const before = asked.length;
    const none = await sextant.uploads.document(file, { signal: stopped.signal }).catch((error: unknown) => error);
    expect(none).toMatchObject({ name: 'AbortError' });
    expect(asked.slice(before).filter((one) => one.startsWith('PUT /'))).toHaveLength(0);
  }, 60_000);

  it('throws errors whose code says which details they have', async () => {
    const { sextant } = await open();
    const error = await sextant
      .conversation('00000000-0000-7000-8000-000000000000')
      .messages()
      .catch((e: unknown) => e);
    expect(isError(error, 'NOT_FOUND')).toBe(true);
    const wrong = await sextant
      .request('mutation { createConversation(input: { title: "" }) { conversation { id } } }')
      .catch((thrown: unknown) => thrown);
    if (!isError(wrong, 'BAD_USER_INPUT')) throw wrong;
    expect(wrong.details.argument).toBe('input.title');
    const lost = createSextant({ url: 'http://127.0.0.1:9', store: memoryStore() });
    expect(isError(await lost.request('{ me { id } }').catch((e: unknown) => e), 'OFFLINE')).toBe(true);
  }, 60_000);
});
