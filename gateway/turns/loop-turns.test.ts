import { setImmediate as round, setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { LoopTurns } from './loop-turns.ts';

/** A processor's clock of which each stage takes so many milliseconds. */
const clock = (msPerStage: number) => {
  let readings = 0;
  return () => (Math.floor(readings++ / 2) + (readings % 2 === 0 ? 1 : 0)) * msPerStage;
};

const hold = (ms: number): void => {
  const until = performance.now() + ms;
  while (performance.now() < until);
};

it('one client’s unknown operations do not hold others up: long work is done by turns', async () => {
  const turns = new LoopTurns({ msPerMinute: 0 });
  const done: string[] = [];
  const stage = (name: string) =>
    turns.work(name[0]!, () => {
      hold(8);
      done.push(name);
    });
  const all = ['a0', 'a1', 'a2', 'a3', 'b0', 'c0'].map(stage);
  expect(done).toEqual(['a0']);
  await Promise.all(all);
  expect(done).toEqual(['a0', 'b0', 'c0', 'a1', 'a2', 'a3']);
});

it('lets the loop go round between two long stages', async () => {
  const turns = new LoopTurns({ msPerMinute: 0 });
  let rounds = 0;
  let isOver = false;
  const counting = (async () => {
    for (; !isOver; rounds++) await round();
  })();
  const at: number[] = [];
  await Promise.all(
    ['a', 'b', 'c', 'd'].map((client) =>
      turns.work(client, () => {
        hold(8);
        at.push(rounds);
      }),
    ),
  );
  isOver = true;
  await counting;
  expect(new Set(at).size).toBe(4);
});

it('rests no client where there is no limit, however much its short stages come to', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const turns = new LoopTurns({ msPerMinute: 0 });
  for (let i = 0; i < 10; i++) {
    await turns.work('a', () => vi.advanceTimersByTime(1.5));
    await round();
    await round();
  }
  expect(turns.work('a', () => 'at once')).toBe('at once');
});

it('says what a stage throws, at once or later', async () => {
  const turns = new LoopTurns({ msPerMinute: 0 });
  const fails = () => {
    throw new Error('no');
  };
  expect(() => turns.work('a', fails)).toThrow('no');
  await turns.work('a', () => hold(8));
  await expect(turns.work('a', fails)).rejects.toThrow('no');
});

it('refuses new operations of a client that has used its allowance, with the time until they may come, and no other’s', async () => {
  const turns = new LoopTurns({ msPerMinute: 600, processorMs: clock(1_000) });
  expect(turns.begin('a')).toBeUndefined();
  const waits = turns.begin('a');
  await turns.work('a', () => undefined);
  turns.read('a');
  await expect(waits).rejects.toMatchObject({ extensions: { code: 'RATE_LIMITED', retryAfter: 89 } });
  await expect(turns.begin('a')).rejects.toMatchObject({ extensions: { code: 'RATE_LIMITED' } });
  expect(turns.begin('b')).toBeUndefined();
});

it('lets a client that owes little wait, and begin when its allowance is there again', async () => {
  const turns = new LoopTurns({ msPerMinute: 60_000, processorMs: clock(12_050) });
  expect(turns.begin('a')).toBeUndefined();
  await turns.work('a', () => undefined);
  turns.read('a');
  const order: string[] = [];
  const second = turns.begin('a')!.then(() => order.push('a'));
  expect(turns.begin('b')).toBeUndefined();
  order.push('b');
  await second;
  expect(order).toEqual(['b', 'a']);
});

it('what is one stage by itself begins as an operation does, and lets the next one begin when it has failed', async () => {
  const turns = new LoopTurns({ msPerMinute: 6_000 });
  const order: string[] = [];
  const stages = ['a', 'fails', 'b'].map((name) =>
    turns
      .take('client', () => {
        order.push(name);
        if (name === 'fails') throw new Error('no');
        return name;
      })
      .catch(({ message }: Error) => message),
  );
  expect(await Promise.all(stages)).toEqual(['a', 'no', 'b']);
  expect(order).toEqual(['a', 'fails', 'b']);
  expect(turns.begin('client')).toBeUndefined();
});

it('reads one new operation of a client at a time, so that none begins before it is known what the others cost', async () => {
  const turns = new LoopTurns({ msPerMinute: 6_000 });
  expect(turns.begin('a')).toBeUndefined();
  let begun = 0;
  const others = Array.from({ length: 100 }, () => turns.begin('a')!.then(() => begun++));
  await expect(turns.begin('a')).rejects.toMatchObject({ extensions: { code: 'RATE_LIMITED' } });
  await sleep(20);
  expect(begun).toBe(0);
  for (let i = 1; i <= 100; i++) {
    turns.read('a');
    await others[i - 1];
    expect(begun).toBe(i);
  }
});
