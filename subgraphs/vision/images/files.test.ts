import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { v7 as uuid } from 'uuid';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import { type ClientClass, openDatabase } from '#platform/data/database/database.ts';
import { buildTemplate } from '#platform/data/database/template.ts';
import { PrismaClient } from '#prisma/vision/client/client.ts';
import { HEIC } from '../formats/media-types.ts';
import { imageFiles } from './files.ts';
import { convertedOf, folderOf, originalOf, uploadOf, variantsOf } from './images.ts';

const lifecycle = new AsyncDisposableStack();
let db: PrismaClient;
beforeAll(async () => {
  const root = path.resolve(import.meta.dirname, '../../..');
  const directory = await mkdtemp(path.join(tmpdir(), 'sextant-image-files-'));
  lifecycle.defer(() => rm(directory, { recursive: true, force: true }));
  await buildTemplate(root);
  const config = loadConfig({ NODE_ENV: 'test', SEXTANT_DIR: directory, EMBEDDED_FSYNC: 'false' }, root);
  const database = lifecycle.use(await openDatabase(config, pino({ level: 'silent' })));
  await database.opened;
  db = await database.client('vision', PrismaClient as ClientClass<PrismaClient>);
}, 60_000);
afterAll(() => lifecycle.disposeAsync());

const add = async (status: string, contentType = 'image/png'): Promise<string> => {
  const id = uuid();
  await db.image.create({ data: { id, ownerId: uuid(), status, source: 'UPLOAD', fileName: 'a', contentType } });
  return id;
};

it('files of a picture that is gone, and uploads that came second, belong to no row', async () => {
  const [ready, analysing, refused, gone] = [await add('READY'), await add('ANALYSING'), await add('REFUSED'), uuid()];
  const strangers = [originalOf(gone), `${variantsOf(gone)}10x10-inside.webp`, uploadOf(ready, 'second')];
  const known = [
    originalOf(ready),
    `${variantsOf(ready)}10x10-inside.webp`,
    // Its analysis may wait for days until the storage is back, or be tried again by an administrator.
    uploadOf(analysing, 'first'),
    uploadOf(refused, 'first'),
    `${folderOf(ready)}of-another-version`,
    'vision/readme',
    'vision/something/else',
  ];
  expect(await imageFiles(db).strangers([...known, ...strangers])).toEqual(strangers);
});

it('a picture needs its file, and what readers begin with', async () => {
  await db.image.deleteMany({});
  const [png, heic] = [await add('READY'), await add('READY', HEIC)];
  await add('AWAITING_UPLOAD');
  const first = await imageFiles(db).needed(undefined, 1);
  expect(first).toEqual({ keys: [originalOf(png)], next: png });
  const second = await imageFiles(db).needed(first.next, 1);
  expect(second).toEqual({ keys: [originalOf(heic), convertedOf(heic)], next: heic });
  expect(await imageFiles(db).needed(second.next, 1)).toEqual({ keys: [], next: undefined });
});
