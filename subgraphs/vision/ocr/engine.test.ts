import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Worker } from 'node:worker_threads';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { createOcrEngine } from './engine.ts';
import { findLanguages } from './languages.ts';

const log = pino({ level: 'silent' });
const languages = findLanguages({ OCR_LANGUAGES: [], OCR_DATA: undefined });
const page = await readFile(new URL('../testing/page.png', import.meta.url));
const DIES = 'process.exit(1);';
const THROWS = "throw new Error('no memory');";
/** Answers nothing. */
const HANGS = 'setInterval(() => {}, 1_000);';

let folder: string;
let file: string;
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'sextant-ocr-'));
  file = path.join(folder, 'thread.mjs');
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** An engine of one place, whose thread does what the code says. */
async function engineOf(code: string, timeoutMs?: number) {
  await writeFile(file, code);
  return createOcrEngine({ log, languages, thread: pathToFileURL(file), ...(timeoutMs && { timeoutMs }) });
}

describe('a worker that does not start', () => {
  it.each([
    ['ends', DIES, 'exit code 1'],
    ['fails', THROWS, 'no memory'],
  ])('fails its page where its thread %s, and the next page has another one', async (_, code, why) => {
    await using engine = await engineOf(code);
    const failing = engine.recognise(page, { language: 'eng' });
    const waiting = engine.recognise(page, { language: 'eng' });
    await expect(failing).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE', message: expect.stringContaining(why) });
    await expect(waiting).rejects.toThrow(why);
    await writeFile(file, `import '${new URL('./ocr-thread.ts', import.meta.url).href}';`);
    expect(await engine.recognise(page, { language: 'eng' })).not.toHaveLength(0);
  });

  it('fails its page where its thread hangs', async () => {
    await using engine = await engineOf(HANGS, 50);
    await expect(engine.recognise(page, { language: 'eng' })).rejects.toMatchObject({ code: 'TIMEOUT' });
  });

  it('is left by a page that is called off, and by one that waits for its place', async () => {
    await using engine = await engineOf(HANGS);
    const [first, second] = [new AbortController(), new AbortController()];
    const starting = engine.recognise(page, { language: 'eng', signal: first.signal });
    const waiting = engine.recognise(page, { language: 'eng', signal: second.signal });
    second.abort(new Error('second left'));
    await expect(waiting).rejects.toThrow('second left');
    first.abort(new Error('first left'));
    await expect(starting).rejects.toThrow('first left');
  });

  it('leaves no thread behind, whenever its page is called off', async () => {
    const threads: Worker[] = [];
    const collect = (thread: Worker): void => void threads.push(thread);
    process.on('worker', collect);
    onTestFinished(() => void process.off('worker', collect));
    await using engine = await engineOf(HANGS);
    for (let ticks = 0; ticks < 6; ticks++) {
      const leaving = new AbortController();
      const left = expect(engine.recognise(page, { language: 'eng', signal: leaving.signal })).rejects.toThrow('left');
      for (let tick = 0; tick < ticks; tick++) await null;
      leaving.abort(new Error('left'));
      await left;
    }
    const last = new AbortController();
    const reading = expect(engine.recognise(page, { language: 'eng', signal: last.signal })).rejects.toThrow('left');
    await vi.waitFor(() => expect(threads).not.toHaveLength(0));
    last.abort(new Error('left'));
    await reading;
    await vi.waitFor(() => expect(threads.filter(({ threadId }) => threadId !== -1)).toHaveLength(0), 10_000);
  });
});
