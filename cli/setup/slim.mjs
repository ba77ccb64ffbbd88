import { readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

/**
 * What packages bring and neither the product nor its tools read, by its path below node_modules. It is more than a
 * third of what running needs.
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
  // The same code once more.
  /^gpt-tokenizer\/(cjs|src|data)$/,
  /^(openai|@anthropic-ai\/sdk)\/src$/,
  /^@google\/genai\/dist\/(web|tokenizer|index\.[mc]js)$/,
  /^@opentelemetry\/.*\/build\/esnext$/,
  /^zod\/src$/,
  // What a package was tried and taught with.
  /^bintrees\/test$/,
  /^tinyld\/(playground|tests-integration)$/,
  /^underscore\/amd$/,
  // What people read.
  /(^|\/)(README|CHANGELOG|HISTORY)[^/]*\.md$/i,
  /\.(js|mjs|cjs|ts|mts|cts|css)\.map$/,
];

/** The type checker, which Prisma's client asks for and does not load. */
const ONLY_DEVELOPMENT = [/^@?typescript$/];

/**
 * Deletes what packages bring and no code reads.
 *
 * @param {string} folder node_modules.
 * @param {boolean} withTools whether development tools are there to stay.
 */
export function slim(folder, withTools) {
  const unread = withTools ? UNREAD : [...UNREAD, ...ONLY_DEVELOPMENT];
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
