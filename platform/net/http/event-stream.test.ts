import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { Stream } from 'openai/core/streaming';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { fc } from '#platform/base/testing/generated.ts';
import { EventStream } from './event-stream.ts';

const inPieces = (text: string, size: number): Readable => {
  const bytes = Buffer.from(text);
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
  return Readable.from(pieces, { objectMode: false });
};

async function readAll(events: EventStream): Promise<{ name: string; data: string }[]> {
  const all = [];
  for (let event = await events.next(); event; event = await events.next()) all.push(event);
  return all;
}

const data = async (text: string, size = 1_000) =>
  (await readAll(new EventStream(inPieces(text, size)))).map((e) => e.data);

describe('the event stream of a provider', () => {
  it('is read alike wherever the network cuts it, through characters too', async () => {
    const text = 'data: {"é": "日本"}\n\nevent: error\ndata: {"b": "🧭"}\n\ndata: [DONE]\n\n';
    for (let size = 1; size < Buffer.byteLength(text); size++) {
      expect(await readAll(new EventStream(inPieces(text, size)))).toEqual([
        { name: '', data: '{"é": "日本"}' },
        { name: 'error', data: '{"b": "🧭"}' },
      ]);
    }
  });

  it('may end its lines in any of three ways, and begin with a byte order mark', async () => {
    for (const end of ['\n', '\r\n', '\r']) {
      for (const size of [1, 2, 3, 1_000])
        expect(await data(`\uFEFFdata: 1${end}${end}data:2${end}${end}`, size)).toEqual(['1', '2']);
    }
  });

  it('may hold comments, other fields, data of several lines, and no empty line at its end', async () => {
    expect(await data(': OPENROUTER PROCESSING\n\nid: 1\nretry: 5\ndata: 1\n\ndata: 2\ndata: 3\n\ndata: 4')).toEqual([
      '1',
      '2\n3',
      '4',
    ]);
  });

  it('costs no more for blanks without end, which no `[DONE]` follows', async () => {
    const blanks = ' '.repeat(200_000);
    expect(await data(`data: {"a":${blanks}1}\n\ndata: 2${blanks}[DONE]\n\n`)).toEqual([`{"a":${blanks}1}`, '2']);
  });

  it('tells of comments, by which a server says that it is still there', async () => {
    let comments = 0;
    const body = inPieces(': keep-alive\n\n: keep-alive\n\ndata: 1\n\n:\n\n', 7);
    expect((await readAll(new EventStream(body, () => comments++))).map((e) => e.data)).toEqual(['1']);
    expect(comments).toBe(3);
  });

  it('is read as the openai package reads it', async () => {
    const around = fc.constantFrom('', ': ping\n', 'id: 7\r\n', 'event: message\n', 'noise\n');
    const json = fc.json({ maxDepth: 1 }).map((text) => text.replaceAll(/[\r\n]/g, ' '));
    const events = fc.array(fc.tuple(around, json, fc.constantFrom('\n', '\r\n')), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(events, fc.integer({ min: 1, max: 40 }), async (written, size) => {
        const text = written.map(([before, value, end]) => `${before}data: ${value}${end}${end}`).join('');
        const theirs: unknown[] = [];
        const reference = Stream.fromSSEResponse(new Response(text), new AbortController(), undefined, false, 'events');
        for await (const item of reference) theirs.push(item);
        expect((await data(text, size)).map((one) => JSON.parse(one) as unknown)).toEqual(theirs);
      }),
    );
  });

  it('ends with [DONE], whatever the server sends after it, and leaves a server that does not end it', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const body = new PassThrough();
    const events = new EventStream(body);
    body.write('data: 1\n\ndata: [DONE]\n\ndata: 2\n\n');
    expect((await readAll(events)).map((event) => event.data)).toEqual(['1']);
    const closed = once(body, 'close');
    vi.advanceTimersByTime(1_000);
    await closed;
  });

  it('gives what came before the connection broke, then says that it broke', async () => {
    const body = new PassThrough();
    const events = new EventStream(body);
    body.write('data: 1\n\n');
    setTimeout(() => body.destroy(new Error('ECONNRESET')), 5);
    expect((await events.next())?.data).toBe('1');
    await expect(events.next()).rejects.toThrow('ECONNRESET');
  });

  it('says so, too, when the connection broke before anybody listened', async () => {
    const body = new PassThrough().on('error', () => undefined);
    body.destroy(new Error('ECONNRESET'));
    await new Promise((resolve) => setImmediate(resolve));
    await expect(new EventStream(body).next()).rejects.toThrow('ECONNRESET');
  });

  it('makes a provider wait that is faster than the reader, and loses nothing', async () => {
    let produced = 0;
    const body = Readable.from(
      (function* () {
        for (; produced < 20_000; produced++) yield `data: ${produced}\n\n`;
      })(),
      { objectMode: false },
    );
    const events = new EventStream(body);
    await events.next();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(produced).toBeLessThan(10_000);
    expect((await readAll(events)).at(-1)?.data).toBe('19999');
  });

  it('does not fill the memory with an event that never ends', async () => {
    const piece = 'x'.repeat(1_000_000);
    const body = Readable.from(
      (function* () {
        yield 'data: ';
        for (;;) yield piece;
      })(),
      { objectMode: false },
    );
    await expect(readAll(new EventStream(body))).rejects.toThrow('longer than 64000000 characters');
  });
});
