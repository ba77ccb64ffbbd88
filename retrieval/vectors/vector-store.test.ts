import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe } from 'vitest';
import { EmbeddedVectorStore } from './embedded/embedded-vector-store.ts';
import { vectorStoreContract } from './vector-store.contract.ts';
import { WeaviateVectorStore } from './weaviate/weaviate-vector-store.ts';

describe('the embedded vector store', () => {
  const folders: string[] = [];
  afterAll(async () => {
    for (const folder of folders) await rm(folder, { recursive: true, force: true });
  });
  vectorStoreContract(async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'sextant-vectors-'));
    folders.push(folder);
    return new EmbeddedVectorStore({ folder, readers: 3 });
  });
});

const url = process.env.WEAVIATE_URL;
const skipped =
  url === undefined
    ? ' SKIPPED: set WEAVIATE_URL (and WEAVIATE_GRPC_URL) to run the contract against a real server'
    : '';

describe.skipIf(url === undefined)(`the Weaviate vector store${skipped}`, () => {
  vectorStoreContract(
    async () =>
      new WeaviateVectorStore({
        url: url!,
        grpcUrl: process.env.WEAVIATE_GRPC_URL,
        apiKey: process.env.WEAVIATE_API_KEY,
      }),
  );
});
