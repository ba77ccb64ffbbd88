import { expect, it } from 'vitest';
import { UnreadAnswers } from './unread-answers.ts';

const BOUNDS = { graceMs: 60_000, bytesPerSecond: 1_000 };

class FakeOutlet {
  writableLength = 0;
  bytesWritten = 0;
  destroyed = false;

  write(bytes: number): void {
    this.writableLength += bytes;
    this.bytesWritten += bytes;
  }

  destroy(): void {
    this.destroyed = true;
  }
}

/** Two outlets, looked at each second. */
function watchTwo() {
  const cut: unknown[] = [];
  const unread = new UnreadAnswers(BOUNDS, (outlet) => cut.push(outlet));
  const [one, other] = [new FakeOutlet(), new FakeOutlet()];
  unread.add(one);
  unread.add(other);
  let now = 0;
  const pass = (seconds: number, meanwhile = (): void => undefined): void => {
    for (let second = 0; second < seconds; second++) {
      now += 1_000;
      meanwhile();
      unread.look(now);
    }
  };
  return { cut, one, other, pass };
}

it('an answer of which nothing is read is cut, and no other', () => {
  const { cut, one, other, pass } = watchTwo();
  one.write(10_000);
  other.write(10_000);
  other.writableLength = 0;
  pass(70);
  expect(cut).toEqual([]);
  pass(2);
  expect(cut).toEqual([one]);
  expect([one.destroyed, other.destroyed]).toEqual([true, false]);
});

it('a large one has as long as its reader needs at the least speed', () => {
  const { cut, one, pass } = watchTwo();
  one.write(1_000_000);
  pass(1_060);
  expect(cut).toEqual([]);
  pass(2);
  expect(cut).toEqual([one]);
});

it('a slow reader is let read, however long it takes', () => {
  const { cut, one, pass } = watchTwo();
  one.write(100_000);
  pass(3_000, () => {
    one.writableLength -= 33;
  });
  expect(cut).toEqual([]);
});

it('one that reads nothing more is cut, though more is written', () => {
  const { cut, one, pass } = watchTwo();
  pass(1_000, () => one.write(10));
  expect(cut).toEqual([one]);
});
