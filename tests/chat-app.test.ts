import { afterAll, beforeAll, expect, it } from 'vitest';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import { createSextant, memoryStore } from '../clients/typescript/src/index.ts';
import { TestUser } from './testing/client.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';

/** What a chat app needs beside the exchange of messages, through the whole graph. */
const lifecycle = new AsyncDisposableStack();
let graph: RunningGraph;
beforeAll(async () => {
  const model = lifecycle.use(await FaultServer.start(answer('Noted.')));
  graph = lifecycle.use(
    await startEmbedded({
      OPENAI_API_KEY: 'sk-test',
      OPENAI_BASE_URL: model.url,
      OPENAI_MODEL: 'test-model',
      MEMORY_EXTRACTION: 'rules',
      SIGNUPS_PER_HOUR: '1000',
    }),
  );
}, 60_000);
afterAll(() => lifecycle.disposeAsync(), 60_000);

const mails = () =>
  graph.processes
    .get('sextant')!
    .output.map((line) => {
      try {
        return (JSON.parse(line) as { mail?: { to: string; text: string } }).mail;
      } catch {
        return undefined;
      }
    })
    .filter((mail) => mail !== undefined);
const open = async (user: TestUser) => {
  const sextant = createSextant({ url: graph.url, store: memoryStore() });
  lifecycle.defer(() => sextant.close());
  await sextant.session.signIn(user.email, user.password);
  return sextant;
};
const named = async (name: string) => {
  const user = await TestUser.signUp(graph.url);
  await user.run('mutation($name: String!) { updateProfile(input: { displayName: $name }) { user { id } } }', { name });
  return user;
};

it('an address is invited, joins after accepting, is found by name, and hears of what is unread', async () => {
  const [anna, bert, stranger] = [await named('Anna Astern'), await named('Bert Bug'), await named('Carl Bug')];
  const sextant = await open(anna);
  const conversation = await sextant.startConversation({ title: 'Voyage' });
  const INVITE =
    'mutation($id: ID!, $email: String!) { inviteByEmail(input: { id: $id, email: $email }) { link { id } } }';
  await anna.run(INVITE, { id: conversation.id, email: bert.email });
  await expect.poll(() => mails().some(({ to }) => to === bert.email)).toBe(true);
  const mail = mails().find(({ to }) => to === bert.email)!;
  expect(mail.text).toContain('Anna Astern');
  const token = /\/join#([\w-]+)/.exec(mail.text)![1]!;
  const PREVIEW = 'query($token: String!) { invitationByLink(token: $token) { title invitedBy { displayName } } }';
  expect(await bert.run(PREVIEW, { token })).toEqual({
    invitationByLink: { title: 'Voyage', invitedBy: { displayName: 'Anna Astern' } },
  });
  const events = (await open(bert)).viewerEvents();
  lifecycle.defer(() => void events.return(undefined));
  await events.next();
  const ACCEPT = 'mutation($token: String!) { acceptInvitationLink(input: { token: $token }) { conversation { id } } }';
  await bert.run(ACCEPT, { token });
  expect((await events.next()).value).toMatchObject({ addedConversations: [{ id: conversation.id, unreadCount: 0 }] });
  await anna.run(
    'mutation($id: ID!, $key: UUID!) { sendMessage(input: { conversationId: $id, clientMessageId: $key, text: "Ahoy", reply: false }) { message { id } } }',
    { id: conversation.id, key: crypto.randomUUID() },
  );
  expect((await events.next()).value).toMatchObject({
    changedConversations: [{ id: conversation.id, unreadCount: 1 }],
  });

  const FIND = 'query($search: String!) { people(search: $search) { id displayName } }';
  expect(await anna.run(FIND, { search: 'bug' })).toEqual({ people: [{ id: bert.id, displayName: 'Bert Bug' }] });
  expect(await stranger.run(FIND, { search: 'a' })).toEqual({ people: [] });
  // What auth answers other subgraphs, it answers no person.
  for (const path of ['find', 'invite']) {
    const response = await fetch(`${graph.url}/_/auth/people/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${stranger.accessToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ ids: [bert.id], search: 'b', limit: 10 }),
    });
    expect(response.status).toBe(401);
  }
  // The account goes, and what it owned goes from the lists of others.
  await anna.run('mutation($password: String!) { deleteAccount(input: { password: $password }) { deletedId } }', {
    password: anna.password,
  });
  for (;;) {
    const { value } = await events.next();
    if (value.removedConversationIds.includes(conversation.id)) break;
  }
}, 120_000);

it('what a deleted message said is remembered no more, and a link shows it no more', async () => {
  const anna = await TestUser.signUp(graph.url);
  const sextant = await open(anna);
  const conversation = await sextant.startConversation({ title: 'Allergies' });
  await conversation.send('I am allergic to peanuts.').end();
  const MEMORIES = '{ memories { nodes { text } } }';
  const memories = async () =>
    (await anna.run<{ memories: { nodes: { text: string }[] } }, object>(MEMORIES)).memories.nodes.map(
      ({ text }) => text,
    );
  await expect.poll(memories, { timeout: 30_000 }).toEqual([expect.stringContaining('peanuts')]);
  const SHARE = 'mutation($id: ID!) { shareConversation(input: { id: $id }) { token } }';
  const { shareConversation } = await anna.run<{ shareConversation: { token: string } }, object>(SHARE, {
    id: conversation.id,
  });
  const anybody = new TestUser(graph.url);
  const READ = `query($token: String!) { sharedConversation(token: $token) { title messages { nodes { role text } } } }`;
  const shared = () => anybody.run(READ, { token: shareConversation.token });
  expect(await shared()).toEqual({
    sharedConversation: {
      title: 'Allergies',
      messages: {
        nodes: [
          { role: 'USER', text: 'I am allergic to peanuts.' },
          { role: 'ASSISTANT', text: 'Noted.' },
        ],
      },
    },
  });
  const { messages } = await conversation.messages();
  await conversation.deleteMessage(messages[0]!.id);
  await expect.poll(memories, { timeout: 30_000 }).toEqual([]);
  expect(await shared()).toMatchObject({ sharedConversation: { messages: { nodes: [{ text: 'Noted.' }] } } });
}, 120_000);
