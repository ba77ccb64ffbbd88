import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { lackOfRoom } from './disk-room.ts';

it('a disk with room lacks nothing', async () => {
  expect(await lackOfRoom(tmpdir())).toBeUndefined();
});

it.skipIf(!existsSync('/proc/self'))('a file system without room says how much is left', async () => {
  expect(await lackOfRoom('/proc')).toBe('the disk of /proc is full: 0 MiB are left, 32 are needed');
});
