import { expect, it } from 'vitest';
import { SlowBodies } from './slow-bodies.ts';

class FakeBody {
  received = 0;
  isWaiting = false;
  isWhole = false;
  destroyed = false;

  destroy(): void {
    this.destroyed = true;
  }
}

/** Watches a body, and looks at it each second. */
function watchOne() {
  const bodies = new SlowBodies({ bodyGraceMs: 60_000, bodyBytesPerSecond: 1_000, bodyMaxMs: 3_600_000 }, () => cuts++);
  const body = new FakeBody();
  let cuts = 0;
  let now = 0;
  bodies.add(body, now);
  const pass = (seconds: number, meanwhile = (): void => undefined): number => {
    for (let second = 0; second < seconds; second++) {
      now += 1_000;
      meanwhile();
      bodies.look(now);
    }
    return cuts;
  };
  return { body, pass };
}

it('a body of which nothing comes is cut', () => {
  const { body, pass } = watchOne();
  expect(pass(59)).toBe(0);
  expect(pass(1)).toBe(1);
  expect(body.destroyed).toBe(true);
  expect(pass(100)).toBe(1);
});

it('one that comes at the least speed may take its time, up to the longest', () => {
  const { body, pass } = watchOne();
  const come = () => {
    body.received += 1_000;
  };
  expect(pass(3_599, come)).toBe(0);
  expect(pass(1, come)).toBe(1);
});

it('one that comes by drops is cut', () => {
  const { body, pass } = watchOne();
  const drop = () => {
    body.received += 10;
  };
  expect(pass(60, drop)).toBe(0);
  expect(pass(1, drop)).toBe(1);
});

it('the time in which it waits for the server does not count, nor does what follows it', () => {
  const { body, pass } = watchOne();
  pass(50);
  body.isWaiting = true;
  expect(pass(1_000)).toBe(0);
  body.isWaiting = false;
  expect(pass(9)).toBe(0);
  body.isWhole = true;
  expect(pass(100)).toBe(0);
});
