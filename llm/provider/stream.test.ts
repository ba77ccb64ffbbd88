import { addAbortSignal, Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { aDeployment, aQuestion } from '../testing/build.ts';
import { ChatReader } from './chat/reader.ts';
import { Gathering } from './gathering.ts';
import { QuirkBook } from './quirks.ts';
import { ProviderStream, type StreamOptions } from './stream.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const STALL_MS = 5_000;
const WORD = `data: ${JSON.stringify({ choices: [{ delta: { content: 'Half' } }] })}\n\n`;

/** A stream whose provider has sent so much. */
function begun(text: string, gathering = new Gathering(), finishes?: StreamOptions['finishes']) {
  const body = new Readable({ read() {} });
  body.push(text);
  const ask = async (signal: AbortSignal) => {
    addAbortSignal(signal, body);
    return { status: 200, headers: new Headers({ 'content-type': 'text/event-stream' }), body } as never;
  };
  const caller = new AbortController();
  const stream = new ProviderStream(ask, new ChatReader(aQuestion()), caller.signal, {
    stallMs: STALL_MS,
    gathering,
    ...(finishes && { finishes }),
  });
  return { body, caller, stream };
}

/** Lets a server say that it is there, again and again, for longer than a stall. */
async function keepAlive(body: Readable, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    body.push(': keep-alive\n\n');
    await vi.advanceTimersByTimeAsync(STALL_MS * 0.9);
  }
}

it('a server that says that it is there is waited for until the first word', async () => {
  const { body, stream } = begun(': keep-alive\n\n');
  const first = stream.next();
  await keepAlive(body, 5);
  body.push(WORD);
  await vi.advanceTimersByTimeAsync(0);
  expect(await first).toEqual({ type: 'text', text: 'Half' });
  stream.close();
});

it('a server that says no more than that it is there is left in the end', async () => {
  const { body, stream } = begun(': keep-alive\n\n');
  const first = stream.next().catch((error: unknown) => error);
  await keepAlive(body, 1_010);
  expect(await first).toMatchObject({ name: 'ProviderFailure', kind: 'stalled' });
});

it('a reply that has begun is not kept by a proxy that says that it is there', async () => {
  const { body, stream } = begun(WORD);
  expect(await stream.next()).toEqual({ type: 'text', text: 'Half' });
  const second = stream.next().catch((error: unknown) => error);
  await keepAlive(body, 3);
  body.push(WORD);
  await vi.advanceTimersByTimeAsync(0);
  expect(await second).toMatchObject({ name: 'ProviderFailure', kind: 'stalled' });
});

it.each(['ping', 'null', '""', '[ping]'])('a reply that has begun is not kept by data that says %j', async (sign) => {
  const { body, stream } = begun(WORD);
  expect(await stream.next()).toEqual({ type: 'text', text: 'Half' });
  const second = stream.next().catch((error: unknown) => error);
  for (let i = 0; i < 3; i++) {
    body.push(`data: ${sign}\n\n`);
    await vi.advanceTimersByTimeAsync(STALL_MS * 0.9);
  }
  expect(await second).toMatchObject({ name: 'ProviderFailure', kind: 'stalled' });
});

it('data that says that the server is there is waited for until the first word, and not for ever', async () => {
  const { body, stream } = begun('data: ping\n\n');
  const first = stream.next().catch((error: unknown) => error);
  let over = false;
  void first.then(() => {
    over = true;
  });
  for (let i = 0; i < 1_010; i++) {
    if (i === 5) expect(over).toBe(false);
    body.push('data: ping\n\n');
    await vi.advanceTimersByTimeAsync(STALL_MS * 0.9);
  }
  expect(await first).toMatchObject({ name: 'ProviderFailure', kind: 'stalled' });
});

const FINISHING = `data: ${JSON.stringify({ choices: [{ delta: { content: 'Half' }, finish_reason: 'stop' }] })}\n\n`;

it('a reply whose every piece ends it is read to its end, however slowly it comes', async () => {
  const { body, stream } = begun(FINISHING);
  const told = [await stream.next()];
  for (let piece = 0; piece < 3; piece++) {
    const next = stream.next();
    await vi.advanceTimersByTimeAsync(STALL_MS * 0.9);
    body.push(FINISHING);
    await vi.advanceTimersByTimeAsync(0);
    told.push(await next);
  }
  body.push(null);
  expect(told).toEqual(Array(4).fill({ type: 'text', text: 'Half' }));
  expect(await stream.next()).toMatchObject({ type: 'end', reason: 'stop' });
});

/** How long it takes until a reply whose one piece ends it is over, though its connection stays open, in ms. */
async function untilEnd(words: string, finishes?: NonNullable<StreamOptions['finishes']>): Promise<number> {
  const piece = `data: ${JSON.stringify({ choices: [{ delta: { content: words }, finish_reason: 'stop' }] })}\n\n`;
  const { stream } = begun(piece, undefined, finishes);
  expect(await stream.next()).toEqual({ type: 'text', text: words });
  const before = Date.now();
  const end = stream.next();
  await vi.runAllTimersAsync();
  expect(await end).toMatchObject({ type: 'end', reason: 'stop' });
  return Date.now() - before;
}

const SENTENCE = 'It is cold in Oslo today, with a little snow.';

it('a whole sentence in one piece that ends it is a reply, though its connection stays open', async () => {
  expect(await untilEnd(SENTENCE)).toBeLessThanOrEqual(2_000);
  expect(await untilEnd(`“${SENTENCE}”)\n`)).toBeLessThanOrEqual(2_000);
  expect(
    await untilEnd('今日のオスロはとても寒くて、少し雪が降っています。夕方にはもっと寒くなるでしょう。'),
  ).toBeLessThanOrEqual(2_000);
});

it.each(['It is', 'Hi.', ...['*', '|', '>', ')', '`', '”', ' ❄️'].map((end) => `${SENTENCE.slice(0, -1)}${end}`)])(
  'one that ends like %j may go on, and is waited for',
  async (words) => {
    const learnt: string[] = [];
    expect(await untilEnd(words, { known: undefined, learn: (how) => void learnt.push(how) })).toBe(STALL_MS);
    expect(learnt).toEqual([]);
  },
);

it('a server that keeps its connection open after sentences is left at once after others', async () => {
  const learnt: string[] = [];
  const learn = (finishes: string) => void learnt.push(finishes);
  await untilEnd(SENTENCE, { known: undefined, learn });
  expect(learnt).toEqual(['once']);
  expect(await untilEnd(SENTENCE, { known: 'once', learn })).toBeLessThanOrEqual(1_000);
  expect(await untilEnd('It is', { known: 'once', learn })).toBe(STALL_MS);
  expect(await untilEnd(SENTENCE, { known: 'often', learn })).toBe(STALL_MS);
});

it('how a server ends replies is believed once it has done so twice in a row', () => {
  const quirks = new QuirkBook();
  const deployment = aDeployment('http://127.0.0.1:1/v1');
  quirks.noteFinishes(deployment, 'once');
  expect(quirks.of(deployment).finishes).toBeUndefined();
  quirks.noteFinishes(deployment, 'once');
  expect(quirks.of(deployment).finishes).toBe('once');
  quirks.noteFinishes(deployment, 'often');
  quirks.noteFinishes(deployment, 'once');
  expect(quirks.of(deployment).finishes).toBe('often');
  for (const shown of [true, false, true]) quirks.noteThoughts(deployment, shown);
  expect(quirks.of(deployment).opensThoughts).toBe(false);
  quirks.noteThoughts(deployment, true);
  expect(quirks.of(deployment).opensThoughts).toBe(true);
  quirks.noteThoughts(deployment, false);
  expect(quirks.of(deployment).opensThoughts).toBe(false);
});

it('a server that goes on after a finish reason is known by it', async () => {
  const learnt: string[] = [];
  const { body, stream } = begun(FINISHING, undefined, { known: undefined, learn: (how) => void learnt.push(how) });
  await stream.next();
  body.push(FINISHING);
  await stream.next();
  expect(learnt).toEqual(['often']);
  stream.close();
});

it('a server that is known to go on after a finish reason is waited for, also behind the first words', async () => {
  const words = `data: ${JSON.stringify({ choices: [{ delta: { content: 'It ' } }] })}\n\n`;
  const { body, stream } = begun(words, undefined, { known: 'often', learn: () => undefined });
  await stream.next();
  const second = stream.next();
  body.push(FINISHING);
  await vi.advanceTimersByTimeAsync(100);
  await second;
  const third = stream.next();
  await vi.advanceTimersByTimeAsync(STALL_MS * 0.9);
  body.push(FINISHING);
  await vi.advanceTimersByTimeAsync(0);
  expect(await third).toEqual({ type: 'text', text: 'Half' });
  stream.close();
});

it('the number of a page before a call is told before it', async () => {
  const event = (delta: object, more: object = {}) => `data: ${JSON.stringify({ choices: [{ delta }], ...more })}\n\n`;
  const call = { index: 0, id: '1', function: { name: 'look', arguments: '{}' } };
  const pages = { search_results: [{ title: 'Oslo', url: 'https://example.org/oslo' }] };
  const { stream } = begun(`${event({ content: 'Cold[1]' }, pages)}${event({ tool_calls: [call] })}data: [DONE]\n\n`);
  const told: string[] = [];
  for (let delta = await stream.next(); delta && delta.type !== 'end'; delta = await stream.next())
    told.push(delta.type);
  expect(told.slice(0, 3)).toEqual(['text', 'citation', 'tool-call']);
  stream.close();
});

it('a stop ends a reply at once, also while the pieces of a moment are gathered', async () => {
  const gathering = new Gathering();
  for (let other = 0; other < 100; other++) gathering.enter();
  const { caller, stream } = begun(WORD, gathering);
  expect(await stream.next()).toEqual({ type: 'text', text: 'Half' });
  const second = stream.next();
  caller.abort();
  // No time passes.
  expect(await second).toBeUndefined();
  stream.close();
});
