import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/**
 * What packages bring and neither the product nor its tools read, by its path below node_modules. It is half of what
 * running needs.
 */
const UNREAD = [
  // Headers and manual pages.
  /^node-[\w-]+\/(include|share)$/,
  // The compilers for the other databases, and the slower one for ours.
  /^@prisma\/client\/runtime\/.*(cockroachdb|mysql|sqlite|sqlserver|_small_|-edge).*/,
  // In Node tesseract.js 7 loads the engine with all methods, whichever is asked for: not the one with the neural
  // method alone. And each engine comes in a form for browsers; what the older methods were taught is not used.
  /^tesseract\.js-core\/tesseract-core(-\w+)?-lstm\.(js|wasm|wasm\.js)$/,
  /^tesseract\.js-core\/tesseract-core(-\w+)?\.wasm\.js$/,
  /^@tesseract\.js-data\/\w+\/4\.0\.0$/,
  // The runtimes for graphics cards and browsers; Node has the one for processors.
  /^onnxruntime-web\/(lib|dist\/(?!ort\.node\.min\.m?js$|ort-wasm-simd-threaded\.(mjs|wasm)$).+)$/,
  // The sources of what is compiled.
  /^@apollo\/(?!protobufjs\/)[^/]+\/src$/,
  /^@grpc\/grpc-js\/src$/,
  /^ajv\/lib$/,
  // The same code once more, for `require`, and for bundlers of pages.
  /^gpt-tokenizer\/(cjs|src|data|esm\/(model|fixtures))$/,
  /^(openai|@anthropic-ai\/sdk)\/src$/,
  /^@electric-sql\/pglite\/dist\/.*\.c[jt]s$/,
  /^@google\/genai\/dist\/.*\.cjs$/,
  /^@hyzyla\/pdfium\/dist\/(pdfium\.wasm\.base64|worker\.bundle|index\.(cjs|esm\.(worker|cdn|base64|browser))\b).*/,
  /^@prisma\/client\/runtime\/.*wasm-base64\.js$/,
  /^libheif-js\/(libheif|libheif-wasm\/libheif(\.js|\.wasm|-bundle\.mjs))$/,
  /^tinyld\/dist\/tinyld\.(heavy|normal|light\.browser).*/,
  /^weaviate-client\/dist\/node\/cjs$/,
  /^web-streams-polyfill\/dist\/(?!ponyfill\.es2018\.js$).+/,
  /^zlibjs\/bin\/(?!node-zlib\.js$).+/,
  /^@google\/genai\/dist\/(web|tokenizer|index\.[mc]js)$/,
  /^@opentelemetry\/.*\/build\/esnext$/,
  /^zod\/src$/,
  // Types once more, for `require` and for compilers of years ago.
  /^(openai|@anthropic-ai\/sdk)\/.*\.d\.ts$/,
  /\.d\.cts$/,
  /\/dist-types\/ts3\.4$/,
  // The code of what is types alone.
  /^json-schema-to-ts\/(node_modules|src|lib\/(?!types))/,
  // Encodings of models that are gone.
  /^gpt-tokenizer\/esm\/bpeRanks\/[pr]50k_base\.js$/,
  // What a package was tried and taught with.
  /^bintrees\/test$/,
  /^tinyld\/(playground|tests-integration)$/,
  /^underscore\/amd$/,
  // What people read.
  /^undici\/docs$/,
  /^pino\/(docs|test|benchmarks|examples)$/,
  /(^|\/)(README|CHANGELOG|HISTORY)[^/]*\.md$/i,
  /\.(js|mjs|cjs|ts|mts|cts|css)\.map$/,
];

/** A compiled part for another machine, among those of all machines. */
const OF_ANOTHER = new RegExp(
  `^@graphql-hive/router-query-planner/.*\\.(?!${process.platform}-${process.arch}\\b)[\\w-]+\\.node$`,
);

/** The type checker, which Prisma's client asks for and does not load, and types that packages ask for. */
const ONLY_DEVELOPMENT = [/^@?typescript$/, /(^|\/)node_modules\/@types$/, /^@types$/];

/**
 * Deletes what packages bring and no code reads.
 *
 * @param {string} folder node_modules.
 * @param {boolean} withTools whether development tools are there to stay.
 */
export function slim(folder, withTools) {
  const unread = [...UNREAD, OF_ANOTHER, ...(withTools ? [] : ONLY_DEVELOPMENT)];
  const walk = (below) => {
    for (const entry of readdirSync(path.join(folder, below), { withFileTypes: true })) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (unread.some((pattern) => pattern.test(name))) {
        rmSync(path.join(folder, name), { recursive: true, force: true });
      } else if (entry.isDirectory() && name !== '.cache') walk(name);
    }
  };
  walk('');
}
