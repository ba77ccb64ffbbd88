import os from 'node:os';
import { expect, it } from 'vitest';
import { availableMemoryMb, cacheSize, hasLittleMemory } from './available-memory.ts';

it('the memory of a process is at most that of its machine', () => {
  expect(availableMemoryMb()).toBeGreaterThan(0);
  expect(availableMemoryMb()).toBeLessThanOrEqual(os.totalmem() / 1024 ** 2);
});

it('less than a GB is little, and caches are smaller with it', () => {
  expect([512, 1_023, 1_024].map((memoryMb) => hasLittleMemory(memoryMb))).toEqual([true, true, false]);
  expect([512, 768, 1_024, undefined].map((memoryMb) => cacheSize(64, memoryMb))).toEqual([8, 12, 64, 64]);
});
