import { expect, it } from 'vitest';
import { unfinishedBodies } from './unfinished-bodies.ts';

const MIB = 1024 * 1024;
const MAX = 10 * MIB;
const large = (userId: string, network: string, memoryMb = 65_536) =>
  unfinishedBodies.holdLarge({ userId, network, maxBytes: MAX, memoryMb });

/** Holds bodies of the largest size until one is refused, lets go, and returns how many were held and why not more. */
function fill(bodies: Iterable<ReturnType<typeof large>>): { held: number; error?: unknown } {
  const all: ReturnType<typeof large>[] = [];
  try {
    for (const body of bodies) {
      all.push(body);
      for (let part = 0; part < 10; part++) body.add(MIB);
    }
    return { held: all.length };
  } catch (error) {
    return { held: all.length - 1, error };
  } finally {
    for (const body of all) body.release();
  }
}

const many = function* (make: (i: number) => ReturnType<typeof large>) {
  for (let i = 0; i < 100; i++) yield make(i);
};

it('large bodies of many accounts of one network are as few as those of one', () => {
  for (let round = 0; round < 2; round++) {
    const ofMany = fill(many((i) => large(`u${i}`, '10.0.0.1')));
    expect(ofMany).toMatchObject({ held: 4, error: { code: 'RATE_LIMITED', extensions: { retryAfter: 1 } } });
  }
});

it('large bodies of one account are as few from many networks', () => {
  expect(fill(many((i) => large('u', `10.0.0.${i}`)))).toMatchObject({ held: 4, error: { code: 'RATE_LIMITED' } });
});

it('large bodies of all take an eighth of the memory at most, and one is always read', () => {
  const error = { code: 'SERVICE_UNAVAILABLE', extensions: { retryAfter: 1 } };
  expect(fill(many((i) => large(`u${i}`, `10.0.0.${i}`, 512)))).toMatchObject({ held: 6, error });
  expect(fill(many((i) => large(`u${i}`, `10.0.0.${i}`, 16)))).toMatchObject({ held: 1, error });
});

it('what is refused takes nothing of what others may send', () => {
  const others = large('u1', '10.0.0.1');
  for (let part = 0; part < 10; part++) others.add(MIB);
  expect(fill(many((i) => large('u2', `10.0.1.${i}`, 160)))).toMatchObject({ held: 1 });
  expect(fill(many((i) => large('u3', `10.0.2.${i}`, 160)))).toMatchObject({ held: 1 });
  others.release();
});

it('ordinary bodies of a network are read beside its large ones', () => {
  const all = Array.from({ length: 4 }, (_, i) => large(`u${i}`, '10.0.0.1'));
  for (const body of all) body.add(MAX);
  const ordinary = unfinishedBodies.hold(() => '10.0.0.1', 524_288);
  ordinary.add(524_288);
  for (const body of [...all, ordinary]) body.release();
});
