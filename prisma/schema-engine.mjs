#!/usr/bin/env node
// Drop-in for Prisma's native schema engine: the same JSON-RPC on stdin and stdout, answered by the WebAssembly build
// of the same engine from npm, so that the stock Prisma CLI works without downloading a binary.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  strict: false,
  options: {
    datasource: { type: 'string', short: 'd' },
    datamodels: { type: 'string', multiple: true },
    'enabled-preview-features': { type: 'string' },
    'extension-types': { type: 'string' },
    version: { type: 'boolean' },
  },
});
const datasource = values.datasource ? JSON.parse(values.datasource) : {};
const inMemory = datasource.url?.includes('@in-memory') === true;

const log = (level, message, extra = {}) =>
  process.stderr.write(
    `${JSON.stringify({ timestamp: new Date().toISOString(), level, fields: { message, ...extra }, target: 'schema_engine::logger' })}\n`,
  );
const send = (message, done) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`, done);

async function loadEngine() {
  const glue = await import('@prisma/schema-engine-wasm/schema_engine_bg');
  const file = require.resolve('@prisma/schema-engine-wasm/schema_engine_bg').replace(/\.js$/, '.wasm');
  const { instance } = await WebAssembly.instantiate(readFileSync(file), { './schema_engine_bg.js': glue });
  glue.__wbg_set_wasm(instance.exports);
  globalThis.PRISMA_WASM_PANIC_REGISTRY = {
    set_message(message) {
      this.message = message;
    },
    get() {
      return this.message;
    },
  };
  instance.exports.__wbindgen_start?.();
  return glue;
}

/** PrismaPg with the three repairs that the schema engine needs; each is explained where it stands. */
async function openAdapter() {
  const { PrismaPg } = await import('@prisma/adapter-pg');
  const { bindMigrationAwareSqlAdapterFactory, ColumnTypeEnum } = await import('@prisma/driver-adapter-utils');
  const pg = (await import('pg')).default;
  const url = datasource.url || 'postgresql://unused@localhost:1/unused';
  const schema = new URL(url).searchParams.get('schema') ?? undefined;

  // The adapter rejects the type "char" (oid 18) of the engine's catalogue queries: read it as text, mark it below.
  class Pool extends pg.Pool {
    async query(...args) {
      const result = await super.query(...args);
      result?.fields?.forEach((field, index) => {
        if (field.dataTypeID !== 18) return;
        field.dataTypeID = 25;
        result.rows.characterColumns ??= [];
        result.rows.characterColumns.push(index);
      });
      return result;
    }
  }
  const open = async (config, closed) => {
    const pool = new Pool({ max: 1, ...config });
    const adapter = await new PrismaPg(pool, { disposeExternalPool: true, schema }).connect();
    const queryRaw = adapter.queryRaw.bind(adapter);
    const dispose = adapter.dispose.bind(adapter);
    adapter.queryRaw = async (query) => {
      const result = await queryRaw(query);
      for (const index of result.rows.characterColumns ?? []) result.columnTypes[index] = ColumnTypeEnum.Character;
      return result;
    };
    // The adapter splits scripts at semicolons, which breaks functions and DO blocks: send one simple query.
    adapter.executeScript = async (script) => {
      try {
        await adapter.underlyingDriver().query(script);
      } catch (error) {
        adapter.onError(error);
      }
    };
    adapter.dispose = async () => {
      await dispose();
      await closed?.();
    };
    return adapter;
  };
  // An empty database in memory: the shadow database always, and the database itself where DATABASE_URL is not set, so
  // that migrations are written with no server at all.
  const openInMemory = async () => {
    const { EmbeddedPostgres } = await import('../platform/data/database/embedded-postgres.ts');
    const thread = new EmbeddedPostgres({ durable: false });
    const stream = () => thread.connect(undefined);
    const adapter = await open({ stream, user: 'postgres', database: 'postgres' }, () => thread[Symbol.asyncDispose]());
    if (schema) await adapter.executeScript(`CREATE SCHEMA IF NOT EXISTS "${schema}"; SET search_path = "${schema}"`);
    return adapter;
  };
  return bindMigrationAwareSqlAdapterFactory({
    provider: 'postgres',
    adapterName: '@prisma/adapter-pg',
    connect: () =>
      inMemory
        ? openInMemory()
        : open({ connectionString: url, ...(schema && { options: `-c search_path="${schema}"` }) }),
    // The adapter's own shadow database is the main one when it is given a connection string.
    connectToShadowDb: openInMemory,
  });
}

/** `cli can-connect-to-database | create-database`: exit code 0, or a log line with Prisma's error code. */
async function manageDatabase(action) {
  if (inMemory) process.exit(0);
  const pg = (await import('pg')).default;
  const url = new URL(datasource.url);
  const database = decodeURIComponent(url.pathname.slice(1));
  if (action === 'create-database') url.pathname = '/postgres';
  const client = new pg.Client({ connectionString: url.href });
  try {
    await client.connect();
    if (action === 'create-database') await client.query(`CREATE DATABASE ${client.escapeIdentifier(database)}`);
    else if (action !== 'can-connect-to-database') throw new Error(`unsupported: ${action}`);
    await client.end();
    process.exit(0);
  } catch (error) {
    const code =
      error.code === '3D000'
        ? 'P1003'
        : error.code === 'ECONNREFUSED'
          ? 'P1001'
          : error.code?.startsWith?.('28')
            ? 'P1000'
            : 'P1010';
    const message = code === 'P1003' ? `Database \`${database}\` does not exist` : String(error.message || error);
    process.stderr.write('\n');
    log('ERROR', message, { error_code: code });
    process.exit(1);
  }
}

async function serve() {
  const glue = await loadEngine();
  let current;
  // A WebAssembly trap never settles its promise: answer the request and die, or the CLI would exit 0.
  const die = (error) => {
    const message = globalThis.PRISMA_WASM_PANIC_REGISTRY?.get() ?? String(error?.stack ?? error);
    if (current === undefined) {
      log('ERROR', message);
      process.exit(1);
    }
    send({ id: current, error: { code: -1, message, data: { is_panic: false, message } } }, () => process.exit(1));
  };
  process.on('uncaughtException', die);
  process.on('unhandledRejection', die);

  const datamodels = (values.datamodels ?? []).map((file) => [file, readFileSync(file, 'utf8')]);
  const adapter = await openAdapter();
  const renamed = { getDatabaseVersion: 'version' };
  let engine;
  let printed = 1e6;
  let pending = Promise.resolve();

  const answer = async (line) => {
    const request = JSON.parse(line);
    if (!request.method) return;
    current = request.id;
    try {
      engine ??= await glue.SchemaEngine.new(
        { datamodels: datamodels.length > 0 ? datamodels : undefined },
        () => {},
        adapter,
      );
      let result = await engine[renamed[request.method] ?? request.method](request.params ?? {});
      if (request.method === 'diff' && result?.stdout != null) {
        // The native engine prints through a request of its own.
        send({ id: printed++, method: 'print', params: { content: result.stdout } });
        result = { ...result, stdout: null };
      }
      send({ id: request.id, result: result ?? null });
    } catch (error) {
      const captured = [...Array(20).keys()].map((i) => adapter.errorRegistry?.consumeError?.(i)).find(Boolean)?.error;
      const message = captured?.cause?.originalMessage ?? captured?.message ?? error?.message ?? String(error);
      const data = { is_panic: false, message, error_code: error?.code ?? undefined, meta: error?.meta };
      send({
        id: request.id,
        error: { code: 4466, message: 'An error happened. Check the data field for details.', data },
      });
    }
  };
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    pending = pending.then(() => answer(line));
  });
  lines.on('close', () => pending.then(() => process.exit(0)));
}

if (values.version) {
  process.stdout.write(`schema-engine-cli ${(await loadEngine()).version()}\n`);
} else if (positionals[0] === 'cli') {
  await manageDatabase(positionals[1]);
} else {
  await serve();
}
