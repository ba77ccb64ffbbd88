import { pino } from 'pino';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { MemoryTopics } from '#platform/realtime/topics/memory-topics.ts';
import { ConversationTopics, type HeardNews } from './conversation-topics.ts';
import { OpenReaders } from './open-readers.ts';

it('a slow reader is told that it was removed, however much came after it', async () => {
  const log = pino({ level: 'silent' });
  using readers = new OpenReaders({ $queryRaw: () => expect.unreachable('nothing was missed') } as never, log);
  using topics = new ConversationTopics(new MemoryTopics({ log, metrics: new Registry() }), readers, () => {});
  const reading = new AbortController();
  const news = await topics.read('a conversation', 'bert', reading.signal);
  await topics.publish('a conversation', { type: 'ParticipantLeft', userId: 'bert' });
  for (let n = 0; n < 1_000; n++)
    await topics.publish('a conversation', { type: 'MessageCreated', messageId: String(n) });
  const heard: HeardNews[] = [];
  for await (const one of news) {
    heard.push(one);
    if (heard.length === 256) reading.abort();
  }
  expect(heard[0]).toEqual({ type: 'ParticipantLeft', userId: 'bert' });
  expect(heard.at(-1)).toEqual({ type: 'MessageCreated', messageId: '999' });
});
