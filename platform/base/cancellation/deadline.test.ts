import { getEventListeners, once } from 'node:events';
import { expect, it } from 'vitest';
import { Deadline } from './deadline.ts';

it('aborts when its time is over, and says so', async () => {
  using deadline = new Deadline(1);
  const waiting = setTimeout(() => undefined, 60_000);
  await once(deadline.signal, 'abort');
  clearTimeout(waiting);
  expect(deadline).toMatchObject({ passed: true, signal: { reason: { name: 'TimeoutError' } } });
});

it('aborts with the caller, for its reason, before or later', () => {
  const caller = new AbortController();
  using later = new Deadline(60_000, caller.signal);
  caller.abort('gone');
  using after = new Deadline(60_000, caller.signal);
  for (const deadline of [later, after]) {
    expect(deadline).toMatchObject({ passed: false, signal: { aborted: true, reason: 'gone' } });
  }
});

it('leaves nothing behind', () => {
  const caller = new AbortController();
  const deadline = new Deadline(60_000, caller.signal);
  deadline[Symbol.dispose]();
  caller.abort();
  expect(deadline.signal.aborted).toBe(false);
  expect(getEventListeners(caller.signal, 'abort')).toEqual([]);
});
