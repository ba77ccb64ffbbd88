import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, it } from 'vitest';
import { answer, FaultServer } from '#llm/testing/fault-server.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Line } from '../testing/chat-process.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';
import type { ReplyEvent } from './follow.ts';

const SCRIPT = path.resolve(import.meta.dirname, '../testing/chat-process.ts');
const WORDS = Array.from({ length: 300 }, (_, index) => `word ${index} é𝄞 `);
const REFERENCE = WORDS.join('');

const as = (userId: string): UserIdentity => ({ ...person(), userId });

it('kill -9 in the middle of 50 replies: nothing acknowledged is lost, nothing seen is taken back, nothing hangs', async () => {
  await using provider = await FaultServer.start(answer(WORDS, { gapMs: 40 }));
  const directory = await mkdtemp(path.join(tmpdir(), 'sextant-crash-'));
  const sent: Extract<Line, { sent: object }>['sent'][] = [];
  const seen = new Map<string, string>();
  const child = spawn(process.execPath, [SCRIPT, directory, provider.url, '50'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  for await (const text of createInterface(child.stdout)) {
    const line = JSON.parse(text) as Line;
    if ('sent' in line) sent.push(line.sent);
    else seen.set(line.saw.replyId, line.saw.text);
    // In the middle of it: all have begun, none has ended.
    if (sent.length === 50 && [...seen.values()].filter((text) => text.length > 60).length === 50)
      child.kill('SIGKILL');
  }
  await exited;
  expect(sent).toHaveLength(50);

  await using world = await ChatWorld.open({ directory });
  await using _cleaner = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
  const statuses = new Set<string>();
  await Promise.all(
    sent.map(async ({ userId, conversationId, messageId, replyId }) => {
      const before = seen.get(replyId) ?? '';
      // As a client comes back: from where it was.
      const events: ReplyEvent[] = [];
      for await (const event of world.follow(as(userId), replyId, before.length)) events.push(event);
      let text = before;
      for (const event of events) {
        if (event.__typename !== 'ReplyText') continue;
        expect(event.firstSeq).toBe(text.length + 1);
        text += event.text;
      }
      expect(await world.db.message.count({ where: { conversationId, role: 'USER' } })).toBe(1);
      expect(await world.db.message.findUnique({ where: { id: messageId } })).toMatchObject({ text: 'Hello' });
      const reply = await world.db.message.findUniqueOrThrow({ where: { id: replyId } });
      statuses.add(reply.status);
      expect(reply.text).toBe(text);
      expect(REFERENCE.startsWith(reply.text)).toBe(true);
      expect(events.at(-1)).toMatchObject({ __typename: 'ReplyEnd', status: reply.status, lastSeq: text.length });
    }),
  );
  expect([...statuses]).toEqual(['INTERRUPTED']);
  expect(await world.db.replyChunk.count()).toBe(0);
  // The tokens were spent: they are estimated.
  await expect
    .poll(() => world.db.generation.count({ where: { estimated: true, outputTokens: { gt: 10 } } }), {
      timeout: 60_000,
    })
    .toBe(50);
}, 120_000);

it('a reply that was asked for and never begun is written by the next process', async () => {
  await using first = await ChatWorld.open({ env: { CHAT_REPLIES_PER_PROCESS: '1' } });
  const anna = person();
  first.provider.behave(answer(['I was ', 'late'], { gapMs: 50 }));
  const conversationIds = [await first.conversation(anna), await first.conversation(anna)];
  const replies = [];
  for (const conversationId of conversationIds) {
    replies.push((await first.send(anna, { conversationId })).data!.sendMessage.reply!.id);
  }
  // The first process has room for one; a second one joins and takes what lies about.
  await first.addReplica();
  const read = await Promise.all(replies.map((id) => first.readReply(anna, id)));
  expect(read.map(({ text, end }) => [text, end.status])).toEqual([
    ['I was late', 'COMPLETE'],
    ['I was late', 'COMPLETE'],
  ]);
});

it('a shutdown cuts running replies short and keeps what they have', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'sextant-stop-'));
  await using _cleaner = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
  const anna = person();
  let replyId = '';
  {
    await using world = await ChatWorld.open({ directory, env: { SHUTDOWN_TIMEOUT_MS: '300' } });
    world.provider.behave(answer(['kept', ...Array<string>(1000).fill(' x')], { gapMs: 50 }));
    replyId = (await world.send(anna, { conversationId: await world.conversation(anna) })).data!.sendMessage.reply!.id;
    for await (const event of world.follow(anna, replyId))
      if (event.__typename === 'ReplyText' && event.text !== '') break;
  }
  await using later = await ChatWorld.open({ directory });
  const { text, end } = await later.readReply(anna, replyId);
  expect(text).toMatch(/^kept/);
  expect(end).toMatchObject({ status: 'INTERRUPTED', error: { code: 'SERVICE_UNAVAILABLE' }, lastSeq: text.length });
});

it('a database that forgets who writes a reply is told again, and the reply is whole', async () => {
  await using world = await ChatWorld.open();
  const anna = person();
  const words = Array.from({ length: 60 }, (_, index) => `word ${index} `);
  world.provider.behave(answer(words, { gapMs: 40 }));
  const conversationId = await world.conversation(anna);
  const replyId = (await world.send(anna, { conversationId })).data!.sendMessage.reply!.id;
  for await (const event of world.follow(anna, replyId))
    if (event.__typename === 'ReplyText' && event.text !== '') break;
  // As a crash of Postgres leaves it, a moment after the claim was made without waiting for the disk.
  await world.db.message.update({ where: { id: replyId }, data: { status: 'PENDING', epoch: { decrement: 1 } } });
  expect(await world.readReply(anna, replyId)).toMatchObject({ text: words.join(''), end: { status: 'COMPLETE' } });
  expect(await world.db.message.findUnique({ where: { id: replyId } })).toMatchObject({
    status: 'COMPLETE',
    text: words.join(''),
  });
  expect(world.provider.seen).toHaveLength(1);
});

it('a reply whose process and whose claim are both lost ends with what readers saw of it', async () => {
  await using world = await ChatWorld.open();
  const anna = person();
  const conversationId = await world.conversation(anna);
  const sent = (await world.send(anna, { conversationId, reply: false })).data!.sendMessage.message;
  const replyId = crypto.randomUUID();
  const writer = await world.platform.stores.streams.open(replyId);
  writer.append('seen by ');
  writer.append('readers');
  await writer.release();
  await world.db.message.create({
    data: {
      id: replyId,
      conversationId,
      parentId: sent.id,
      depth: 1,
      role: 'ASSISTANT',
      status: 'PENDING',
      requesterId: anna.userId,
      requester: { userId: anna.userId, roles: [], scopes: [] },
      createdAt: new Date(Date.now() - 60_000),
    },
  });
  expect(await world.readReply(anna, replyId)).toMatchObject({
    text: 'seen by readers',
    end: { status: 'INTERRUPTED' },
  });
  expect(world.provider.seen).toHaveLength(0);
});
