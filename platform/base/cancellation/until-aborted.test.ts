import { expect, it } from 'vitest';
import { Cancellation } from './cancellation.ts';
import { untilAborted } from './until-aborted.ts';

it('settles as the work does, and forgets the signal', async () => {
  const cancellation = new Cancellation();
  const forgotten: unknown[] = [];
  cancellation.removeEventListener = (_type, listener) => void forgotten.push(listener);
  await expect(untilAborted(Promise.resolve(1), cancellation)).resolves.toBe(1);
  await expect(untilAborted(Promise.reject(new Error('broken')), cancellation)).rejects.toThrow('broken');
  await expect(untilAborted(Promise.resolve(2), undefined)).resolves.toBe(2);
  expect(forgotten).toHaveLength(2);
});

it.each(['before', 'after'])('ends work that heeds no signal, which aborts %s it is asked', async (when) => {
  const cancellation = new Cancellation();
  const gone = new Error('gone');
  if (when === 'before') cancellation.abort(gone);
  const result = untilAborted(new Promise(() => {}), cancellation);
  cancellation.abort(gone);
  await expect(result).rejects.toBe(gone);
  await expect(untilAborted(new Promise(() => {}), AbortSignal.abort(gone))).rejects.toBe(gone);
});
