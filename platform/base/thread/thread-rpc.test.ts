import os from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CodedError } from '../errors/errors.ts';
import type { EchoMethods } from './testing/echo-thread.ts';
import { ThreadClient } from './thread-rpc.ts';

describe('a worker', () => {
  let worker: ThreadClient<EchoMethods>;
  beforeEach(() => {
    worker = new ThreadClient<EchoMethods>(
      new URL('./testing/echo-thread.ts', import.meta.url),
      { greeting: 'Good day' },
      'The echo',
    );
  });
  afterEach(() => worker[Symbol.asyncDispose]());

  it('starts with the first call and answers like an object', async () => {
    expect(worker.started).toBe(false);
    expect(await Promise.all([worker.call('greet', 'Ada'), worker.call('greet', 'Bob')])).toEqual([
      'Good day, Ada',
      'Good day, Bob',
    ]);
    expect(worker.started).toBe(true);
  });

  it('hands its errors over: coded ones with their code, others as errors', async () => {
    const refused = await worker.call('refuse', null).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(CodedError);
    expect(refused).toMatchObject({ code: 'BAD_USER_INPUT', extensions: { argument: 'name' } });
    await expect(worker.call('break', null)).rejects.toThrow('unexpected');
  });

  it('that dies fails what was asked of it, and the next call starts another', async () => {
    const waiting = worker.call('wait', 60_000);
    await expect(worker.call('exit', null)).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    await expect(waiting).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
    expect(await worker.call('greet', 'again')).toBe('Good day, again');
  });

  it('that has had nothing to do for a while ends, and the next call starts another', async () => {
    await using idle = new ThreadClient<EchoMethods>(
      new URL('./testing/echo-thread.ts', import.meta.url),
      { greeting: 'Good day' },
      'The echo',
      { idleMs: 300 },
    );
    const threads = await Promise.all([idle.call('thread', null), idle.call('wait', 900)]);
    // What it was asked for took longer than that: it has been the same thread all the time.
    expect(await idle.call('thread', null)).toBe(threads[0]);
    await expect.poll(() => idle.started, { timeout: 10_000 }).toBe(false);
    expect(await idle.call('thread', null)).toBeGreaterThan(threads[0]);
  });

  it('is released when nothing is asked of it, and at no other time', async () => {
    const waiting = worker.call('wait', 100);
    await worker.release();
    expect(await waiting).toBe('waited');
    await worker.release();
    expect(worker.started).toBe(false);
    expect(await worker.call('greet', 'again')).toBe('Good day, again');
  });

  it('that cannot start fails what was asked of it, and the next call tries again', async () => {
    await using broken = new ThreadClient<EchoMethods>(
      new URL('./testing/echo-thread.ts', import.meta.url),
      { greeting: '' },
      'The echo',
    );
    const outcomes = await Promise.allSettled([broken.call('greet', 'Ada'), broken.call('greet', 'Bob')]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'SERVICE_UNAVAILABLE' } });
    expect(broken.started).toBe(false);
    await expect(broken.call('greet', 'Ada')).rejects.toThrow('there is no greeting');
  });

  it.skipIf(process.platform !== 'linux')(
    'gives way to the threads that answer requests, and they keep theirs',
    async () => {
      const before = os.getPriority();
      expect(await worker.call('giveWay', before + 7)).toBe(before + 7);
      expect(os.getPriority()).toBe(before);
    },
  );

  it('lets go of a call whose signal ends, and goes on', async () => {
    const controller = new AbortController();
    const waiting = worker.call('wait', 60_000, { signal: controller.signal });
    controller.abort(new Error('the client is gone'));
    await expect(waiting).rejects.toThrow('the client is gone');
    expect(await worker.call('greet', 'you')).toBe('Good day, you');
  });

  it('that is shut down finishes what is under way and takes no more', async () => {
    const waiting = worker.call('wait', 50);
    await worker[Symbol.asyncDispose]();
    expect(await waiting).toBe('waited');
    await expect(worker.call('greet', 'x')).rejects.toMatchObject({ code: 'SERVICE_UNAVAILABLE' });
  });
});
