import { mkdtemp, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { v7 as uuidv7 } from 'uuid';
import { expect, it } from 'vitest';
import { GRACE_MS } from '#platform/data/blobs/compare-files.ts';
import { COMPARE_FILES, lastMissing } from '#platform/data/blobs/owned-files.ts';
import { MemoryWorld, user } from '../testing/memory-world.ts';
import { folderOf } from './places.ts';

it('what killed processes left of documents goes with a later start; files that rows lack are told', async () => {
  const directory = await mkdtemp(path.join(tmpdir(), 'sextant-files-'));
  const longAgo = new Date(Date.now() - GRACE_MS - 1_000);
  const world = await MemoryWorld.open({}, directory);
  const me = user();
  const upload = () =>
    world.upload(me, { name: 'a.txt', type: 'text/plain', bytes: Buffer.from('The lighthouse of Pharos.') });
  const [kept, broken] = [(await upload()).id, (await upload()).id];
  await world.idle();
  const leave = async (key: string, modifiedAt = longAgo) => {
    await world.blobs.put(key, Buffer.from('x'), { maxBytes: 1 });
    await utimes(path.join(directory, 'blobs', key), modifiedAt, modifiedAt);
  };
  const second = `${folderOf(kept)}incoming-${uuidv7()}`;
  const [gone, recent] = [`${folderOf(uuidv7())}original`, `${folderOf(uuidv7())}original`];
  await leave(second);
  await leave(gone);
  await leave(recent, new Date());
  // A file of another version, in a folder that a row knows, and a file of a form that is not known.
  await leave(`${folderOf(kept)}preview`);
  await leave('memory/documents/readme');
  const { original } = await world.db.document.findUniqueOrThrow({ where: { id: broken } });
  await world.blobs.delete(original!);
  const keys = async (of: MemoryWorld) => {
    const found: string[] = [];
    for await (const { key } of of.blobs.list('memory/')) found.push(key);
    return found.sort();
  };
  const before = await keys(world);
  await world.db.job.deleteMany({ where: { kind: COMPARE_FILES } });
  // The week is over in which another installation on the same storage would have made its claim.
  await world.db.fileClaim.updateMany({ data: { claimedAt: new Date(Date.now() - 8 * 86_400_000) } });
  await world[Symbol.asyncDispose]();

  const later = await MemoryWorld.open({}, directory);
  await expect.poll(() => lastMissing(later.db), { timeout: 20_000 }).toBe(1);
  expect(await keys(later)).toEqual(before.filter((key) => key !== second && key !== gone));
  await later[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
}, 120_000);
