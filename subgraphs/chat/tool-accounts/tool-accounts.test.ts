import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { toolServer } from '#llm/catalogue/tool-server-settings.ts';
import { type Back, LyingAuthorizationServer } from '#llm/testing/authorization-server.ts';
import { answer, answerDeltas } from '#llm/testing/fault-server.ts';
import { LyingToolServer, says } from '#llm/testing/tool-server.ts';
import type { ToolServers } from '#llm/tools/servers/tool-servers.ts';
import type { JobHandler, Jobs } from '#platform/data/jobs/jobs.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Transaction } from '../parts.ts';
import { all, ChatWorld, person } from '../testing/chat-world.ts';
import { EndedAccounts } from './ended-accounts.ts';
import { KeptAccounts } from './kept-accounts.ts';
import type { Sealed } from './sealed.ts';

const lifecycle = new AsyncDisposableStack();
let shop: LyingToolServer;
let bank: LyingToolServer;
let signIn: LyingAuthorizationServer;
let world: ChatWorld;
/** Of llm.yaml, as it is now. */
let catalogue: (url: string, more?: object) => object;

const TOOLS = [{ name: 'find', inputSchema: { type: 'object' }, annotations: { readOnlyHint: true } }];

beforeAll(async () => {
  shop = lifecycle.use(await LyingToolServer.start(TOOLS));
  bank = lifecycle.use(await LyingToolServer.start(TOOLS));
  signIn = lifecycle.use(await LyingAuthorizationServer.start());
  const { issuer } = signIn;
  catalogue = (base_url, more = {}) => ({
    providers: { test: { type: 'compatible', base_url } },
    deployments: { d: { provider: 'test', model: 'm', capabilities: ['chat', 'tools'] } },
    models: { 'test-model': { deployments: ['d'] } },
    tool_servers: {
      shop: { url: shop.url, oauth: { issuer } },
      bank: { url: bank.url, oauth: { issuer } },
      // Its words alone name the authorization server.
      free: { url: shop.url, oauth: true },
      open: { url: shop.url },
      ...more,
    },
  });
  world = lifecycle.use(await ChatWorld.open({ env: { CHAT_RECALL_TIMEOUT_MS: '0' }, catalogue }));
  await world.addReplica();
}, 60_000);
afterAll(() => lifecycle.disposeAsync());
beforeEach(() => {
  for (const server of [shop, bank]) {
    server.calls.length = 0;
    server.seen.length = 0;
    server.call = () => says('done');
    signIn.guard(server);
  }
  signIn.metadata = {};
  signIn.before = () => false;
  signIn.lifetimeS = 3_600;
  signIn.asked.length = 0;
  signIn.revoked.length = 0;
});

/** A person in a browser: connecting is for sessions. */
const signedIn = (): UserIdentity => ({ ...person(), sessionId: randomUUID() });

// biome-ignore lint/suspicious/noExplicitAny: whatever the fields give
type Shown = any;
const FIELDS = { connectToolServer: 'authorizationUrl', finishToolServerConnection: 'toolServer { name connected }' };

async function mutate(as: UserIdentity, field: keyof typeof FIELDS, input: object): Promise<Shown> {
  const type = `${field[0]!.toUpperCase()}${field.slice(1)}Input`;
  const { data, code, extensions, message } = await world.ask<Shown>(
    as,
    `mutation ($input: ${type}!) { ${field}(input: $input) { ${FIELDS[field]} } }`,
    { input },
  );
  return { ...data?.[field], code, message, argument: extensions?.['argument'] };
}

const finish = (as: UserIdentity, back: Back & { error?: string }) => mutate(as, 'finishToolServerConnection', back);

/** Sends a person away, and lets them allow it there. */
async function leave(as: UserIdentity, name = 'shop'): Promise<Back> {
  const { authorizationUrl, message } = await mutate(as, 'connectToolServer', { name });
  expect(message).toBeUndefined();
  return signIn.allow(authorizationUrl, as.userId);
}

async function connected(): Promise<UserIdentity> {
  const as = signedIn();
  expect(await finish(as, await leave(as))).toMatchObject({ toolServer: { name: 'shop', connected: true } });
  return as;
}

const DISCONNECT =
  'mutation { disconnectToolServer(input: { name: "shop" }) { toolServer { connected tools { name } } } }';

/** The kinds of tokens that were given back. */
const givenBack = (): string[] => signIn.revoked.map((token) => token.split('-')[0]!).sort();

/** Has the authorization server take no tokens back. @returns how often it was asked, and what ends it. */
function away(): { readonly asked: () => number; end(): void } {
  let asked = 0;
  signIn.before = (path, response) => {
    if (path !== '/revoke') return false;
    asked += 1;
    response.writeHead(503).end();
    return true;
  };
  return {
    asked: () => asked,
    end: () => {
      signIn.before = () => false;
    },
  };
}

/** What is left to be done about the accounts of a person that have ended. */
const jobsOf = async ({ userId }: UserIdentity) =>
  (await world.db.job.findMany({ where: { userId, kind: 'give-tokens-back' } })).map(({ state, payload }) => ({
    state,
    payload,
  }));

const DONE = { state: 'DONE', payload: null };

/** Tells chat that the account of a person was deleted. */
const remove = ({ userId }: UserIdentity): Promise<unknown> =>
  world.platform.events.publish('auth', [
    {
      type: 'user.deleted',
      version: 1,
      owner: 'auth',
      aggregate: `user:${userId}`,
      payload: { userId, at: new Date().toISOString() },
      id: randomUUID(),
      recordedAt: new Date(),
    },
  ]);

async function servers(as: UserIdentity, replica = 0): Promise<Record<string, Shown>> {
  const { data } = await world.ask<Shown>(as, '{ toolServers { name connected state tools { name } } }', {}, replica);
  return Object.fromEntries(data.toolServers.map((one: Shown) => [one.name, one]));
}

/** Has a reply call the tool of a server. @returns what the model was told; undefined: it was not offered. */
async function calling(as: UserIdentity, server = 'shop'): Promise<string | undefined> {
  const name = `${server}__find`;
  const call = { index: 0, id: 'c', type: 'function', function: { name, arguments: '{}' } };
  world.provider.script(answerDeltas([{ tool_calls: [call] }], 'tool_calls'), answer('Done.'));
  const conversationId = await world.conversation(as, { toolServers: [server] });
  const asked = world.provider.seen.length;
  await world.exchange(as, { conversationId });
  const bodies = world.provider.seen.slice(asked).map(({ body }) => body as Shown);
  if (!bodies[0].tools?.some((one: Shown) => one.function.name === name)) return undefined;
  return bodies.at(-1).messages.findLast(({ role }: Shown) => role === 'tool')?.content;
}

it('each person calls tools with an account of their own, until they disconnect it', async () => {
  const anna = signedIn();
  expect((await servers(anna))['shop']).toMatchObject({ connected: false, state: 'UNKNOWN', tools: [] });
  expect((await servers(anna))['open']).toMatchObject({ connected: null });
  expect(await calling(anna)).toBeUndefined();
  const { authorizationUrl } = await mutate(anna, 'connectToolServer', { name: 'shop' });
  const asked = new URL(authorizationUrl).searchParams;
  expect(Object.fromEntries(asked)).toMatchObject({
    response_type: 'code',
    code_challenge_method: 'S256',
    resource: shop.url,
    scope: 'tools',
    redirect_uri: 'http://localhost:4000/connected',
  });
  await finish(anna, signIn.allow(authorizationUrl, 'anna'));
  const bert = await connected();
  expect(signIn.registered).toHaveLength(1);
  const who: unknown[] = [];
  shop.call = () => {
    who.push(signIn.good.get(shop.seen.at(-1)!.headers.authorization!.replace('Bearer ', '')));
    return says('Tea');
  };
  expect(await calling(anna)).toContain('Tea');
  expect(await calling(bert)).toContain('Tea');
  expect(who).toEqual(['anna', bert.userId]);
  expect(await calling(signedIn())).toBeUndefined();
  // Nothing lies open in the database.
  const rows = JSON.stringify(await world.db.toolAccount.findMany());
  expect(rows).not.toMatch(/access-|refresh-/);

  const { data } = await world.ask<Shown>(anna, DISCONNECT);
  expect(data.disconnectToolServer.toolServer).toEqual({ connected: false, tools: [] });
  await expect.poll(givenBack, { timeout: 20_000 }).toEqual(['access', 'refresh']);
  expect(await calling(anna)).toBeUndefined();
  expect(await calling(bert)).toContain('Tea');
});

it('an account serves its person alone: others who take part neither have it used nor read what it gave', async () => {
  const [anna, bert] = [await connected(), signedIn()];
  const conversationId = await world.conversation(anna);
  await world.share(anna, conversationId, bert);
  const CHANGE =
    'mutation ($input: UpdateConversationInput!) { updateConversation(input: $input) { conversation { id } } }';
  const changed = { id: conversationId, toolServers: ['shop'], systemPrompt: 'First look into the account.' };
  expect((await world.ask(anna, CHANGE, { input: changed })).code).toBeUndefined();
  world.provider.behave(answer('Hello.'));
  await world.exchange(anna, { conversationId });
  expect((world.provider.seen.at(-1)!.body as Shown).tools).toBeUndefined();

  // Her own words call for it.
  shop.call = () => says('the order of a ring');
  const call = { index: 0, id: 'c', type: 'function', function: { name: 'shop__find', arguments: '{"q":"ring"}' } };
  world.provider.script(
    answerDeltas([{ reasoning_content: 'Is there a ring?' }, { tool_calls: [call] }], 'tool_calls'),
    answer('Done.'),
  );
  const { replyId } = await world.exchange(anna, { conversationId, toolServers: ['shop'] });
  const SEEN = 'query ($id: ID!) { message(id: $id) { reasoning toolCalls { name arguments result { content } } } }';
  const seen = async (as: UserIdentity) => JSON.stringify(await world.ask(as, SEEN, { id: replyId }));
  expect(await seen(anna)).toContain('the order of a ring');
  expect(await seen(bert)).toContain('shop__find');
  expect(await seen(bert)).not.toContain('ring');
  expect(JSON.stringify(await all(world.follow(bert, replyId)))).not.toContain('ring');

  // Nor does a reply that is had again inherit it, and what it gave is in no prompt of another person's reply.
  const again = 'mutation ($input: RegenerateReplyInput!) { regenerateReply(input: $input) { reply { id } } }';
  const { data } = await world.ask<Shown>(anna, again, { input: { id: replyId, clientMessageId: randomUUID() } });
  await world.readReply(anna, data.regenerateReply.reply.id);
  expect((world.provider.seen.at(-1)!.body as Shown).tools).toBeUndefined();
  await world.exchange(bert, { conversationId, parentId: replyId });
  expect(JSON.stringify(world.provider.seen.at(-1)!.body)).not.toContain('ring');
});

it('gets the next token once, however many need it, and ends an account that gets none', async () => {
  signIn.lifetimeS = 1;
  const anna = await connected();
  signIn.asked.length = 0;
  signIn.lifetimeS = 3_600;
  const ended = { giveBack: () => expect.unreachable() };
  // As several processes have them.
  const { secrets } = world.platform.of('chat', lifecycle);
  const settings = toolServer.parse({ url: shop.url, oauth: { issuer: signIn.issuer } });
  const tokens = await Promise.all(
    Array.from({ length: 4 }, () => {
      const accounts = new KeptAccounts(world.db, secrets, ended, pino({ level: 'silent' }));
      return accounts.bearer(anna.userId, 'shop', settings).token();
    }),
  );
  expect([new Set(tokens).size, signIn.good.get(tokens[0]!)]).toEqual([1, anna.userId]);
  expect(signIn.asked.map((form) => form.get('grant_type'))).toEqual(['refresh_token']);
  // A token that looks good and is refused is another's to replace, too.
  signIn.good.clear();
  expect(await calling(anna)).toContain('done');
  expect(signIn.asked).toHaveLength(2);
  // A refresh that fails for now ends nothing; one that is refused does.
  signIn.good.clear();
  signIn.before = (asked, response) => {
    if (asked === '/token') response.writeHead(503).end();
    return asked === '/token';
  };
  expect(await calling(anna)).toMatch(/failed|cannot/);
  expect((await servers(anna))['shop'].connected).toBe(true);
  signIn.before = (asked, response) => {
    if (asked !== '/token') return false;
    response.writeHead(400, { 'content-type': 'application/json' }).end('{"error":"invalid_grant"}');
    return true;
  };
  await calling(anna);
  expect((await servers(anna))['shop'].connected).toBe(false);
});

it('gives the tokens of a person whose account is deleted back, as soon as the server takes them', async () => {
  const anna = await connected();
  const server = away();
  await remove(anna);
  expect(await world.db.toolAccount.count({ where: { userId: anna.userId } })).toBe(0);
  await expect.poll(server.asked, { timeout: 20_000 }).toBeGreaterThan(0);
  expect((await jobsOf(anna)).map(({ payload }) => JSON.stringify(payload)).join()).not.toMatch(/access-|refresh-/);
  server.end();
  await expect.poll(givenBack, { timeout: 20_000 }).toEqual(['access', 'refresh']);
  await expect.poll(() => jobsOf(anna), { timeout: 20_000 }).toEqual([DONE]);
});

it('keeps tokens that no server takes back for a day at most', async () => {
  const anna = await connected();
  const server = away();
  await remove(anna);
  await expect.poll(server.asked, { timeout: 20_000 }).toBeGreaterThan(0);
  await world.db.$executeRaw`
    UPDATE jobs SET payload = jsonb_set(payload, '{until}', '0')
    WHERE user_id = ${anna.userId} AND kind = 'give-tokens-back'`;
  await expect.poll(() => jobsOf(anna), { timeout: 20_000 }).toEqual([DONE]);
});

/** What gives tokens back, called as often as a test says, of a server with settings or with none that can be used. */
function giving(withAccounts: () => Promise<ReturnType<typeof toolServer.parse>>) {
  let handler: JobHandler | undefined;
  const handle = (_: string, given: JobHandler) => {
    handler = given;
  };
  const jobs = { handle } as unknown as Jobs<Transaction>;
  const { secrets } = world.platform.of('chat', lifecycle);
  const servers = { withAccounts } as unknown as ToolServers;
  void new EndedAccounts(jobs, world.db, servers, secrets, pino({ level: 'silent' }));
  const context = { id: '', attempt: 1, signal: new AbortController().signal, progress: () => undefined };
  return (ended: Sealed, until = Date.now() + 60_000) => handler!.run({ ...ended, until } as never, context);
}

/** The account of a person, which is no longer theirs. */
async function endedAccountOf({ userId }: UserIdentity): Promise<Sealed> {
  const { server, sealed } = await world.db.toolAccount.delete({
    where: { userId_server: { userId, server: 'shop' } },
  });
  return { userId, server, sealed } as Sealed;
}

it('gives tokens up after a day also where the settings of their server cannot be used', async () => {
  const give = giving(() => Promise.reject(new Error('not configured')));
  const ended = await endedAccountOf(await connected());
  await expect(give(ended)).rejects.toThrow('not configured');
  await expect(give(ended, 0)).resolves.toBeUndefined();
});

it('asks a server that swallows what it is sent for one account alone, for a while', async () => {
  const [anna, bert] = [await endedAccountOf(await connected()), await endedAccountOf(await connected())];
  const give = giving(async () => toolServer.parse({ url: shop.url, oauth: { issuer: signIn.issuer } }));
  const server = away();
  const away10s = signIn.before;
  vi.useFakeTimers({ toFake: ['performance'] });
  signIn.before = (path, response) => {
    if (path === '/revoke' && server.asked() % 2 === 0) vi.advanceTimersByTime(10_000);
    return away10s(path, response);
  };
  // Each has two tokens.
  await expect(give(anna)).rejects.toThrow('takes no tokens back');
  expect(server.asked()).toBe(2);
  await expect(give(bert)).rejects.toThrow('takes no tokens back');
  expect(server.asked()).toBe(2);
  await expect(give(anna)).rejects.toThrow('takes no tokens back');
  expect(server.asked()).toBe(4);
  vi.advanceTimersByTime(50_000);
  await expect(give(bert)).rejects.toThrow('takes no tokens back');
  expect(server.asked()).toBe(6);
  server.end();
  await expect(give(bert)).resolves.toBeUndefined();
  await expect(give(anna)).resolves.toBeUndefined();
  vi.useRealTimers();
});

it('leaves what a person has allowed since they disconnected', async () => {
  const anna = await connected();
  const server = away();
  await world.ask(anna, DISCONNECT);
  await expect.poll(server.asked, { timeout: 20_000 }).toBeGreaterThan(0);
  await finish(anna, await leave(anna));
  server.end();
  await expect.poll(() => jobsOf(anna), { timeout: 20_000 }).toEqual([DONE]);
  expect(givenBack()).toEqual([]);
  expect(await calling(anna)).toContain('done');
});

it('gives tokens back that came while the person disconnected', async () => {
  signIn.lifetimeS = 1;
  const anna = await connected();
  signIn.lifetimeS = 3_600;
  signIn.before = async (path) => {
    if (path === '/token') await world.ask(anna, DISCONNECT);
    return false;
  };
  await calling(anna);
  await expect.poll(givenBack, { timeout: 20_000 }).toEqual(['access', 'access', 'refresh', 'refresh']);
});

it('connects nothing for a link that another person, or another session, began, nor twice, nor late', async () => {
  const [mallory, victim] = [signedIn(), signedIn()];
  const back = await leave(mallory);
  const refused = { code: 'BAD_USER_INPUT', argument: 'input.state' };
  // The victim was led to the page that mallory began, and is sent back here.
  expect(await finish(victim, back)).toMatchObject(refused);
  expect(await finish({ ...mallory, sessionId: randomUUID() }, back)).toMatchObject(refused);
  expect(await finish(mallory, back)).toMatchObject({ toolServer: { connected: true } });
  expect(await finish(mallory, back)).toMatchObject(refused);
  const twice = await leave(mallory);
  const answers = await Promise.all([finish(mallory, twice), finish(mallory, twice)]);
  expect(answers.filter(({ code }) => code === undefined)).toHaveLength(1);
  const late = await leave(victim);
  await world.db.toolAccountRequest.updateMany({ data: { expiresAt: new Date(0) } });
  expect(await finish(victim, late)).toMatchObject(refused);
  expect(await finish(victim, { state: 'guessed', code: 'x' })).toMatchObject(refused);
  expect((await servers(victim))['shop'].connected).toBe(false);
});

it('takes no answer of another authorization server than the one that was asked', async () => {
  const anna = signedIn();
  const mixed = { ...(await leave(anna)), issuer: 'https://evil.example' };
  expect(await finish(anna, mixed)).toMatchObject({ code: 'BAD_USER_INPUT', argument: 'input.issuer' });
  // It promises to say who it is.
  const { issuer: _, ...silent } = await leave(anna);
  expect(await finish(anna, silent)).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
  expect(signIn.asked).toEqual([]);
  const { state } = await leave(anna);
  expect(await finish(anna, { state, error: 'access_denied' })).toMatchObject({ code: 'FORBIDDEN' });
  expect(await finish(anna, { ...(await leave(anna)), code: 'another' })).toMatchObject({
    code: 'PROVIDER_UNAVAILABLE',
  });
  expect((await servers(anna))['shop'].connected).toBe(false);
});

it('is for people who are signed in, not for their keys and apps', async () => {
  const anna = signedIn();
  const { sessionId, ...rest } = anna;
  for (const as of [
    { ...rest, apiKeyId: randomUUID() },
    { ...rest, appSessionId: sessionId! },
  ]) {
    expect(await mutate(as, 'connectToolServer', { name: 'shop' })).toMatchObject({ code: 'FORBIDDEN' });
    expect(await finish(as, await leave(anna))).toMatchObject({ code: 'FORBIDDEN' });
  }
  expect(await mutate(anna, 'connectToolServer', { name: 'open' })).toMatchObject({ code: 'NOT_FOUND' });
  expect(await mutate(anna, 'connectToolServer', { name: 'none' })).toMatchObject({ code: 'NOT_FOUND' });
});

it('asks no private address that only the tool server names, and sends no browser to a script', async () => {
  const anna = signedIn();
  const said = async (name = 'shop') => (await mutate(anna, 'connectToolServer', { name })).message as string;
  expect(await said('free')).toMatch(/not one of the public internet|only 80 and 443/);
  signIn.metadata = { authorization_endpoint: 'javascript://localhost/%0aalert(1)' };
  expect(await said()).toMatch(/not https:|does not say where/);
  signIn.metadata = { token_endpoint: 'http://169.254.169.254/latest' };
  expect(await said()).toContain('not https:');
  signIn.metadata = { code_challenge_methods_supported: ['plain'] };
  expect(await said()).toContain('PKCE');
  signIn.metadata = { issuer: 'https://accounts.example' };
  expect(await said()).toContain('does not say where people sign in');
  signIn.metadata = { token_endpoint: 'https://127.0.0.1/token' };
  expect(await finish(anna, await leave(anna))).toMatchObject({ message: expect.stringContaining('public internet') });
  // What was meant for the one goes to no other.
  signIn.metadata = {};
  signIn.before = (asked, response) => {
    if (asked === '/token') response.writeHead(307, { location: `${bank.url}` }).end();
    return asked === '/token';
  };
  bank.seen.length = 0;
  expect(await finish(anna, await leave(anna))).toMatchObject({ code: 'PROVIDER_UNAVAILABLE' });
  expect(bank.seen).toEqual([]);
});

it('believes no server that says it is another one', async () => {
  const lie = shop.before;
  shop.before = (request, response) => {
    if (!request.url!.startsWith('/.well-known/oauth-protected-resource')) return lie(request, response);
    const described = { resource: bank.url, authorization_servers: [signIn.issuer] };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(described));
    return true;
  };
  const { message } = await mutate(signedIn(), 'connectToolServer', { name: 'shop' });
  expect(message).toContain('another resource');
});

it('sends a token to the server alone that it is for, whatever has its name', async () => {
  const anna = await connected();
  expect((await servers(anna))['bank'].connected).toBe(false);
  // A row that was moved opens nothing.
  const row = await world.db.toolAccount.findFirstOrThrow({ where: { userId: anna.userId } });
  const eve = signedIn();
  await world.db.toolAccount.createMany({
    data: [
      { ...row, userId: eve.userId },
      { ...row, server: 'bank' },
    ],
  });
  expect((await servers(eve))['shop'].connected).toBe(false);
  expect((await servers(anna))['bank'].connected).toBe(false);
  const file = path.join(world.directory, 'llm.yaml');
  const moved = { shop: { url: bank.url, oauth: { issuer: signIn.issuer } } };
  await writeFile(file, JSON.stringify(catalogue(world.provider.url, moved)));
  await expect.poll(async () => (await servers(anna))['shop'].connected, { timeout: 20_000 }).toBe(false);
  bank.seen.length = 0;
  expect(await calling(anna)).toBeUndefined();
  expect(bank.seen).toEqual([]);
  await writeFile(file, JSON.stringify(catalogue(world.provider.url)));
  await expect.poll(async () => (await servers(anna))['shop'].connected, { timeout: 20_000 }).toBe(true);
});
