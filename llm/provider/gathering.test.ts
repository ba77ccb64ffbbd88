import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { aQuestion } from '../testing/build.ts';
import { ChatReader } from './chat/reader.ts';
import type { Delta } from './deltas.ts';
import { Gathering } from './gathering.ts';
import { type ProviderEnd, ProviderStream } from './stream.ts';

const content = (text: string): string => `data: ${JSON.stringify({ choices: [{ delta: { content: text } }] })}\n\n`;
const FINISH = `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }] })}\n\ndata: [DONE]\n\n`;

/** The rhythm of a process that reads so many other streams. */
function beside(others: number): Gathering {
  const gathering = new Gathering();
  for (let i = 0; i < others; i++) gathering.enter();
  return gathering;
}

/** A stream whose provider sends one piece, and the others as soon as that was read. */
async function read(gathering: Gathering, ...rest: string[]): Promise<(Delta | ProviderEnd | undefined)[]> {
  const body = new Readable({ read() {} });
  body.push(content('Once'));
  const ask = async () =>
    ({ status: 200, headers: new Headers({ 'content-type': 'text/event-stream' }), body }) as never;
  const stream = new ProviderStream(ask, new ChatReader(aQuestion()), new AbortController().signal, {
    stallMs: 60_000,
    gathering,
  });
  const all = [await stream.next()];
  for (const piece of rest) body.push(piece);
  body.push(null);
  try {
    while (all.at(-1)?.type !== 'end') all.push(await stream.next());
  } catch (error) {
    all.push(error as never);
  }
  stream.close();
  return all;
}

it('few streams hand on each piece as it comes', async () => {
  expect(await read(beside(2), content(' upon'), content(' a'), content(' time'), FINISH)).toMatchObject([
    { text: 'Once' },
    { text: ' upon' },
    { text: ' a' },
    { text: ' time' },
    { type: 'end', reason: 'stop' },
  ]);
});

it('with many streams the pieces of a moment are one; first words do not wait', async () => {
  const gathering = beside(40);
  expect(await read(gathering, content(' upon'), content(' a'), content(' time'), FINISH)).toMatchObject([
    { type: 'text', text: 'Once' },
    { type: 'text', text: ' upon a time' },
    { type: 'end', reason: 'stop' },
  ]);
});

it('what breaks a stream is told after what came before it', async () => {
  const broken = `data: ${JSON.stringify({ error: { message: 'overloaded', code: 503 } })}\n\n`;
  expect(await read(beside(40), content(' upon'), content(' a'), broken, content(' time'))).toMatchObject([
    { text: 'Once' },
    { text: ' upon a' },
    { name: 'ProviderFailure' },
  ]);
});

it('what breaks a stream is told as it is behind an event that says nothing, too', async () => {
  const broken = `data: ${JSON.stringify({ error: { message: 'overloaded', code: 503 } })}\n\n`;
  const nothing = `data: ${JSON.stringify({ choices: [] })}\n\n`;
  expect(await read(beside(40), `${nothing}${broken}`)).toMatchObject([
    { text: 'Once' },
    { name: 'ProviderFailure', message: expect.stringContaining('overloaded') },
  ]);
});

it('the moment is the same for all streams, and a stream that ends no longer counts', async () => {
  const gathering = beside(5);
  const moment = gathering.moment();
  expect(moment).toBeInstanceOf(Promise);
  expect(gathering.moment()).toBe(moment);
  await moment;
  await read(gathering, FINISH);
  gathering.leave();
  expect(gathering.moment()).toBeUndefined();
});
