import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { serve } from '#platform/base/thread/thread-rpc.ts';
import type { ModelFolder } from './model-folder.ts';
import { pool } from './pool.ts';

/** The thread of a sentence model in a folder: ONNX Runtime as WebAssembly, and the model's own tokenizer. */

type Runtime = typeof import('onnxruntime-web');
type Session = import('onnxruntime-web').InferenceSession;

/** What brings the runtime to a clone, and leaves everything else as it is. */
const INSTALL_RUNTIME = 'npm install --no-save --save-prod --omit=dev --ignore-scripts onnxruntime-web@1.30.0';

/** Outputs that hold a vector for each text, and those that hold one for each token. */
const OUTPUTS = ['sentence_embedding', 'dense_vecs', 'token_embeddings', 'last_hidden_state'];

type Embed = (texts: readonly string[]) => Promise<Float32Array[]>;

function embedWith(
  model: ModelFolder,
  runtime: Runtime,
  session: Session,
  encode: (text: string) => readonly number[],
): Embed {
  const output = OUTPUTS.find((name) => session.outputNames.includes(name)) ?? session.outputNames[0]!;
  const [first = 0, ...others] = encode('');
  const last = others.at(-1);

  /** Cuts what is too long, and keeps the mark of the end. */
  const tokensOf = (text: string): readonly number[] => {
    const ids = encode(model.lowerCase ? text.toLowerCase() : text);
    if (ids.length === 0) return [first];
    if (ids.length <= model.maxTokens) return ids;
    return last === undefined ? ids.slice(0, model.maxTokens) : [...ids.slice(0, model.maxTokens - 1), last];
  };

  return async (texts) => {
    const ids = texts.map(tokensOf);
    const tokens = Math.max(...ids.map(({ length }) => length));
    const tensor = (of: (text: number, index: number) => number) => {
      const data = new BigInt64Array(ids.length * tokens);
      for (let at = 0; at < data.length; at++) data[at] = BigInt(of(Math.floor(at / tokens), at % tokens));
      return new runtime.Tensor('int64', data, [ids.length, tokens]);
    };
    const inputs = {
      input_ids: () => tensor((text, index) => ids[text]![index] ?? model.padToken),
      attention_mask: () => tensor((text, index) => (index < ids[text]!.length ? 1 : 0)),
      token_type_ids: () => tensor(() => 0),
      position_ids: () => tensor((_, index) => index),
    };
    const feeds = Object.fromEntries(
      session.inputNames.map((name) => {
        if (!Object.hasOwn(inputs, name)) throw new Error(`${model.onnx} asks for the input ${name}`);
        return [name, inputs[name as keyof typeof inputs]()];
      }),
    );
    const { data, dims } = (await session.run(feeds, [output]))[output]!;
    if (!(data instanceof Float32Array)) throw new Error(`${output} of ${model.onnx} is not of 32-bit floats`);
    const dimensions = dims.at(-1)!;
    if (dims.length === 3) {
      return pool(
        data,
        ids.map(({ length }) => length),
        tokens,
        dimensions,
        model.pooling,
      );
    }
    return ids.map((_, text) => data.slice(text * dimensions, (text + 1) * dimensions));
  };
}

/**
 * Loads the runtime. The package and the image of the product have it; a clone that is only started does not: it is an
 * eighth of all that would have to be fetched, for a setting that few use.
 */
async function loadRuntime(): Promise<Runtime> {
  try {
    return await import('onnxruntime-web');
  } catch (cause) {
    if ((cause as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new Error(`this clone has no runtime for it yet; run \`${INSTALL_RUNTIME}\` in it, and start again`, {
      cause,
    });
  }
}

async function load(model: ModelFolder): Promise<Embed> {
  const [runtime, { Tokenizer }] = await Promise.all([loadRuntime(), import('@huggingface/tokenizers')]);
  // One thread, which is this one; the files of the runtime lie in its package, and nothing is fetched.
  runtime.env.wasm.numThreads = 1;
  runtime.env.logLevel = 'error';
  const read = (name: string) => readFile(path.join(model.folder, name));
  const json = async (name: string) => JSON.parse((await read(name)).toString('utf8')) as object;
  const tokenizer = new Tokenizer(await json('tokenizer.json'), await json('tokenizer_config.json').catch(() => ({})));
  const external = await Promise.all(
    model.external.map(async (name) => ({ path: path.basename(name), data: await read(name) })),
  );
  const session = await runtime.InferenceSession.create(await read(model.onnx), {
    enableCpuMemArena: false,
    ...(external.length > 0 && { externalData: external }),
  });
  return embedWith(model, runtime, session, (text) => tokenizer.encode(text).ids);
}

const methods = (loaded: Promise<Embed>) => ({
  embed: async (texts: readonly string[]): Promise<Float32Array[]> => (await loaded)(texts),
});

export type FolderMethods = ReturnType<typeof methods>;

serve((model: ModelFolder) => {
  const loaded = load(model);
  // Files that cannot be used are told to those who ask.
  loaded.catch(() => undefined);
  return methods(loaded);
});
