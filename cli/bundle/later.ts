import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Plugin } from 'esbuild';

/** A file of a package that loads at once what the product needs late or never. */
interface Eager {
  /** The end of its path. */
  readonly file: string;
  /** What it says. */
  readonly says: string;
  /** What the bundle says in that place. */
  readonly instead: string;
}

const EAGER: readonly Eager[] = [
  {
    // For commands that are programs of their own: there are none.
    file: '/commander/lib/command.js',
    says: "import childProcess from 'node:child_process';",
    instead: "const childProcess = { get spawn() { return process.getBuiltinModule('node:child_process').spawn; } };",
  },
  // Messages in fifty languages, and schemas that are made of JSON Schema: `z` holds all that there is.
  {
    file: '/zod/v4/classic/external.js',
    says: 'export * as locales from "../locales/index.js";',
    instead: '',
  },
  {
    file: '/zod/v4/core/index.js',
    says: 'export * as locales from "../locales/index.js";',
    instead: '',
  },
  {
    file: '/zod/v4/classic/external.js',
    says: 'export { fromJSONSchema } from "./from-json-schema.js";',
    instead: '',
  },
  {
    file: '/prom-client/index.js',
    says: "exports.Pushgateway = require('./lib/pushgateway');",
    instead: '',
  },
  {
    file: '/sonic-boom/index.js',
    says: "const assert = require('assert')",
    instead: "const assert = (...given) => process.getBuiltinModule('node:assert')(...given)",
  },
  // An address of wss: loads them.
  {
    file: '/ws/lib/websocket.js',
    says: "const https = require('https');",
    instead: "const https = { get request() { return process.getBuiltinModule('node:https').request; } };",
  },
  {
    file: '/ws/lib/websocket.js',
    says: "const tls = require('tls');",
    instead: "const tls = { get connect() { return process.getBuiltinModule('node:tls').connect; } };",
  },
  {
    // Starts threads whose code lies in files of pino's own folder: the package beside the bundle has them.
    file: '/pino/lib/tools.js',
    says: "const transport = require('./transport')",
    instead: "const transport = (...given) => require('pino').transport(...given)",
  },
  {
    file: '/pino/pino.js',
    says: "module.exports.transport = require('./lib/transport')",
    instead: '',
  },
];

/** Takes loading out of the start. */
export const LATER: Plugin = {
  name: 'later',
  setup({ onLoad, onResolve }) {
    for (const [file, parts] of Map.groupBy(EAGER, (one) => one.file)) {
      onLoad({ filter: new RegExp(`${file.replaceAll('.', '\\.')}$`) }, async ({ path: full }) => {
        let contents = await readFile(full, 'utf8');
        for (const { says, instead } of parts) {
          if (!contents.includes(says)) throw new Error(`${full} does not say ${says} any more: see EAGER.`);
          contents = contents.replace(says, () => instead);
        }
        return { contents };
      });
    }
    onResolve({ filter: /^pino$/ }, ({ importer }) =>
      importer.endsWith(path.join('pino', 'lib', 'tools.js')) ? { path: 'pino', external: true } : undefined,
    );
  },
};
