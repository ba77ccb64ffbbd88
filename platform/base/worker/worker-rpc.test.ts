import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CodedError } from '../errors/errors.ts';
import type { EchoMethods } from './testing/echo-worker.ts';
import { WorkerClient } from './worker-rpc.ts';

describe('a worker', () => {
  let worker: WorkerClient<EchoMethods>;
  beforeEach(() => {
    worker = new WorkerClient<EchoMethods>(
      new URL('./testing/echo-worker.ts', import.meta.url),
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
