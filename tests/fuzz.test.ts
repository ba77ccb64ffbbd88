// A few seconds of each fuzzer; `npm run fuzz -- <http|ws|operations> --minutes 10` looks longer.

import { afterAll, beforeAll, expect, it } from 'vitest';
import { SEED } from '#platform/base/testing/generated.ts';
import { type Fuzzer, fuzz, startTarget } from './fuzz/fuzzer.ts';
import { http } from './fuzz/http.ts';
import { operations } from './fuzz/operations.ts';
import { ws } from './fuzz/ws.ts';

let started: Awaited<ReturnType<typeof startTarget>>;
beforeAll(async () => {
  started = await startTarget();
}, 120_000);
afterAll(() => started.graph[Symbol.asyncDispose]());

const FUZZERS: readonly (readonly [string, Fuzzer])[] = [
  ['HTTP', http],
  ['WebSocket', ws],
  ['operations', operations],
];

it.each(FUZZERS)(
  'nothing that a stranger sends stops, holds up or fools the product: %s',
  async (name, fuzzer) => {
    console.log(`${name}: seed ${SEED}`);
    const { faults, cases } = await fuzz(fuzzer, started, { seed: SEED, seconds: 4, cases: 2_000 });
    expect(faults).toEqual([]);
    expect(cases).toBeGreaterThan(0);
  },
  120_000,
);
