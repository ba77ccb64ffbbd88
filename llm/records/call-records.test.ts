import { expect, it } from 'vitest';
import { CallRecords } from './call-records.ts';
import type { UsageEvent } from './usage-event.ts';

const record = (id: string) => ({ type: 'llm.called', payload: { id } }) as UsageEvent;
const ids = (events: readonly UsageEvent[]) => events.map(({ payload }) => payload.id);

it('the first record is written at once, and those that end meanwhile together', async () => {
  const written: string[][] = [];
  const gate = Promise.withResolvers<void>();
  const records = new CallRecords(async (events) => {
    written.push(ids(events));
    await gate.promise;
  });
  const all = ['a', 'b', 'c'].map((id) => records.add(record(id)));
  expect(written).toEqual([['a']]);
  gate.resolve();
  await Promise.all(all);
  expect(written).toEqual([['a'], ['b', 'c']]);
});

it('what waits when the process ends is written, and a failure is told to whose record it is', async () => {
  const written: string[][] = [];
  const records = new CallRecords(async (events) => {
    if (ids(events).includes('bad')) throw new Error('no');
    written.push(ids(events));
  });
  const bad = records.add(record('bad'));
  const good = records.add(record('good'));
  await expect(bad).rejects.toThrow('no');
  await records[Symbol.asyncDispose]();
  await good;
  expect(written).toEqual([['good']]);
});
