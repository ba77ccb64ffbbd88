import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe } from 'vitest';
import { EmbeddedVectorStore } from './embedded/embedded-vector-store.ts';
import { vectorStoreContract } from './vector-store.contract.ts';

describe('the embedded vector store', () => {
  const folders: string[] = [];
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });
  vectorStoreContract(async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'sextant-vectors-'));
    folders.push(folder);
    return new EmbeddedVectorStore({ folder });
  });
});
