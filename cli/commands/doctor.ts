import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { loadSupergraph } from '#gateway/supergraph/supergraph.ts';
import { findEmbeddingModels } from '#llm/catalogue/discovery.ts';
import { createModels } from '#llm/create-models.ts';
import { type Config, loadConfig } from '#platform/base/config/config.ts';
import { SECRET_SETTING } from '#platform/base/config/secret-files.ts';
import { openBlobs } from '#platform/data/blobs/open-blobs.ts';
import { lastMissing } from '#platform/data/blobs/owned-files.ts';
import { DirectoryInUseError, lockDirectory } from '#platform/data/database/directory-lock.ts';
import { connectOwner } from '#platform/data/database/owner-session.ts';
import { checkPostgres } from '#platform/data/database/postgres-source.ts';
import { certificateEnds, endsSoon } from '#platform/net/http/certificate-expiry.ts';
import type { Embedders } from '#retrieval/embeddings/embedder.ts';
import { createEmbedders } from '#retrieval/embeddings/registry.ts';
import { languageName } from '#retrieval/vectors/foreign-language.ts';
import { findLanguages } from '#subgraphs/vision/ocr/languages.ts';
import { type FoundProgram, findProgram } from '#subgraphs/vision/ocr/program.ts';
import { settingRows } from '../artefacts/settings-table.ts';
import { supergraphFile } from '../serving/addresses.ts';

/** One thing that was looked at. `advice` says what to do about it. */
interface Finding {
  readonly state: 'ok' | 'note' | 'problem';
  readonly what: string;
  readonly advice?: string;
}

const SYMBOL = { ok: '✓', note: '·', problem: '✗' } as const;
const TIMEOUT_MS = 3_000;

/** Explains what was found, what is missing and what to do about it. Exit code 1 when something stands in the way. */
export async function doctor(root: string, settings: boolean): Promise<void> {
  const config = loadConfig(process.env, root);
  if (settings) return printSettings(config);
  const checks = [
    runtime,
    supergraph,
    database,
    redis,
    vectors,
    collections,
    blobs,
    files,
    models,
    embeddings,
    texts,
    secrets,
    certificates,
    port,
    mail,
  ];
  const findings = (await Promise.all(checks.map((check) => check(config)))).flat();
  for (const { state, what, advice } of findings)
    console.log(`${SYMBOL[state]} ${what}${advice ? `\n    ${advice}` : ''}`);
  if (findings.some(({ state }) => state === 'problem')) process.exitCode = 1;
}

const ok = (what: string): Finding => ({ state: 'ok', what });
const note = (what: string, advice: string): Finding => ({ state: 'note', what, advice });
const problem = (what: string, advice: string): Finding => ({ state: 'problem', what, advice });
const reason = (error: unknown): string =>
  error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);

async function runtime(): Promise<Finding> {
  const [major] = process.versions.node.split('.').map(Number);
  return major! >= 24
    ? ok(`Node ${process.versions.node}`)
    : problem(`Node ${process.versions.node} is too old`, 'Start with `npm start`, which brings Node 24 along.');
}

async function supergraph(config: Config): Promise<Finding> {
  try {
    const { subgraphs } = await loadSupergraph({ file: supergraphFile(config) });
    return ok(`${config.SUPERGRAPH_FILE} composes: ${subgraphs.map(({ name }) => name).join(', ')}`);
  } catch (error) {
    return problem(`${config.SUPERGRAPH_FILE} cannot be used`, reason(error));
  }
}

async function database(config: Config): Promise<Finding> {
  if (config.DATABASE_URL === undefined) return embeddedDatabase(config);
  // What says that JWT_SECRET is missing stands below.
  if (config.JWT_SECRET === undefined)
    return note('Postgres is not asked', 'Subgraphs sign in with what JWT_SECRET gives.');
  try {
    await checkPostgres(config, config.DATABASE_URL);
    return ok('Postgres answers, and every subgraph finds its tables');
  } catch (error) {
    return problem('Postgres cannot be used', reason(error));
  }
}

function embeddedDatabase({ dataDir }: Config): Finding {
  if (!existsSync(dataDir)) return ok(`Embedded database: the first start makes it in ${dataDir}`);
  try {
    lockDirectory(dataDir)[Symbol.dispose]();
    return ok(`Embedded database in ${dataDir}, not running`);
  } catch (error) {
    if (error instanceof DirectoryInUseError) return ok(`Embedded database in ${dataDir}, in use by a running Sextant`);
    return problem(`${dataDir} cannot be used`, reason(error));
  }
}

async function redis({ redisUrl, DATABASE_URL }: Config): Promise<Finding> {
  if (redisUrl === undefined) {
    return DATABASE_URL === undefined
      ? ok('Streams, presence, limits and caches in memory: right for one process')
      : note(
          'No Redis: streams, presence and limits are this process’s alone',
          'Set REDIS_URL before you start a second process.',
        );
  }
  const client = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.ping();
    const policy = (await client.config('GET', 'maxmemory-policy').catch(() => [])) as string[];
    return policy[1] && policy[1] !== 'noeviction'
      ? problem(
          `Redis evicts keys (maxmemory-policy ${policy[1]})`,
          'Set it to noeviction, or events and streams may be lost.',
        )
      : ok('Redis answers');
  } catch (error) {
    return problem('Redis cannot be reached', `REDIS_URL: ${reason(error)}`);
  } finally {
    client.disconnect();
  }
}

async function blobs(config: Config): Promise<Finding> {
  const bucket = config.BLOBS_S3_BUCKET;
  if (bucket === undefined) {
    return config.DATABASE_URL === undefined
      ? ok('Files in SEXTANT_DIR')
      : note(
          'Files lie in SEXTANT_DIR',
          'Replicas of memory and vision must share that folder, or set BLOBS_S3_BUCKET.',
        );
  }
  await using store = await openBlobs(config, pino({ level: 'silent' }));
  const { status, detail } = await store.health();
  return status === 'up'
    ? ok(`The bucket ${bucket} answers`)
    : problem(`The bucket ${bucket} cannot be used`, `${detail}. See BLOBS_S3_ENDPOINT and the keys to it.`);
}

/** Files that rows name and that the last comparison of running processes did not find. */
async function files(config: Config): Promise<Finding[]> {
  const { DATABASE_URL: url, JWT_SECRET: secret } = config;
  if (url === undefined || secret === undefined) return [];
  const findings: Finding[] = [];
  for (const owner of ['memory', 'vision'] as const) {
    try {
      const client = await connectOwner(config, url, owner);
      const count = await lastMissing({
        $queryRawUnsafe: async <Rows>(sql: string, ...values: unknown[]) =>
          (await client.query(sql, values)).rows as Rows,
      }).finally(() => client.end());
      if (count > 0)
        findings.push(
          problem(
            `${count} files that rows of ${owner} name are missing`,
            '`sextant reindex` names some. Bring them back from a backup, or delete what they belong to.',
          ),
        );
    } catch {
      // What says why stands above.
    }
  }
  return findings;
}

async function vectors({ weaviateUrl, WEAVIATE_API_KEY: key }: Config): Promise<Finding> {
  if (weaviateUrl === undefined) return ok('Embedded vector store');
  try {
    const response = await fetch(new URL('/v1/meta', weaviateUrl), {
      signal: AbortSignal.timeout(TIMEOUT_MS),
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    });
    const { version } = (await response.json()) as { version?: string };
    return version
      ? ok(`Weaviate ${version} answers`)
      : problem('WEAVIATE_URL is not a Weaviate', `It answered ${response.status}.`);
  } catch (error) {
    return problem('Weaviate cannot be reached', `WEAVIATE_URL: ${reason(error)}`);
  }
}

/** Objects of vector collections that the last comparison of running processes missed. */
async function collections(config: Config): Promise<Finding[]> {
  const { DATABASE_URL: url, JWT_SECRET: secret } = config;
  if (url === undefined || secret === undefined) return [];
  try {
    const client = await connectOwner(config, url, 'vector');
    const { rows } = await client
      .query<{ objects: number; collections: number }>(
        'SELECT sum(lost_count)::int AS objects, count(*)::int AS collections FROM collections WHERE lost_count > 0',
      )
      .finally(() => client.end());
    const { objects, collections: count } = rows[0]!;
    if (count === 0) return [];
    return [
      problem(
        `The vector store has lost ${objects} objects of ${count} collections`,
        'They exist nowhere else: bring it back from a backup, or have their owners send them again (`lostCount` of a collection). Where they will not come back: `sextant reindex --accept-loss`.',
      ),
    ];
  } catch {
    // What says why stands above.
    return [];
  }
}

async function models(config: Config): Promise<Finding> {
  const layer = createModels({ config, log: pino({ level: 'silent' }), metrics: new Registry() });
  try {
    const known = await layer.list();
    if (known.length > 0) return ok(`Language models: ${known.map(({ id }) => id).join(', ')}`);
    return note(
      'No language model: replies quote what memory and knowledge hold, and say so',
      'Set OPENAI_API_KEY, or start Ollama, LM Studio, llama.cpp or vLLM on this machine, or set LOCAL_LLM_ENDPOINT.',
    );
  } catch (error) {
    return problem('The language models cannot be used', reason(error));
  } finally {
    await layer.close();
  }
}

/** The engine and the languages of texts in pictures. */
async function texts(config: Config): Promise<Finding[]> {
  const found = await findProgram(config);
  return [engineOfTexts(config, found), languagesOfTexts(config, found.program?.dataFolder)];
}

function engineOfTexts({ OCR_PROGRAM }: Config, { program, problem: why }: FoundProgram): Finding {
  if (program) return ok(`Texts in pictures are read by ${program.file} ${program.version}`);
  const slower = 'Texts in pictures are read in the process, by WebAssembly';
  if (why === undefined)
    return OCR_PROGRAM === 'off'
      ? ok(`${slower}, as OCR_PROGRAM says`)
      : note(slower, '`apt-get install tesseract-ocr` halves the time of a page: docs/vision.md.');
  return (OCR_PROGRAM === 'auto' ? note : problem)(slower, `OCR_PROGRAM: ${why}.`);
}

function languagesOfTexts(config: Config, dataFolder: string | undefined): Finding {
  try {
    const { installed, used, missing } = findLanguages(config, dataFolder);
    const there = installed.join(', ');
    if (missing.length > 0)
      return problem(
        `Texts in pictures cannot be read in ${missing.join(', ')}; there are ${there}`,
        `OCR_LANGUAGES: \`npm install @tesseract.js-data/${missing[0]}\`, or set OCR_DATA to a folder that has ${missing[0]}.traineddata.`,
      );
    const others = installed.filter((language) => !used.includes(language));
    const more = others.length === 0 ? '' : `; OCR_LANGUAGES can also name ${others.join(', ')}`;
    return used.length > 1
      ? ok(`Texts in pictures are read in ${used.join(', ')}${more}`)
      : note(
          `Texts in pictures are read in ${used.join(', ')} alone${more}`,
          '`npm install @tesseract.js-data/deu` adds German, and so on: docs/vision.md.',
        );
  } catch (error) {
    return problem('The languages of texts in pictures cannot be found', `OCR_DATA: ${reason(error)}`);
  }
}

/** Loads the default model: a folder may hold one that cannot be used. */
async function embeddings(config: Config): Promise<Finding> {
  let embedders: Embedders;
  try {
    embedders = createEmbedders(config);
  } catch (error) {
    return problem('The embedding model cannot be used', reason(error));
  }
  try {
    const { id, languages } = await embedders.get();
    if (languages === undefined) return ok(`Embedding model ${id}`);
    return note(
      `Embedding model ${id} knows ${languages.map(languageName).join(', ')}; in other languages search compares words alone`,
      await multilingual(config),
    );
  } catch (error) {
    return problem(`The embedding model ${embedders.defaultId} cannot be used`, reason(error));
  } finally {
    await embedders[Symbol.asyncDispose]();
  }
}

/**
 * What is found on this machine is not taken by itself: a server that comes and goes would have all texts embedded
 * again and again.
 */
async function multilingual({ LLM_DISCOVERY }: Config): Promise<string> {
  const [found] = LLM_DISCOVERY ? await findEmbeddingModels() : [];
  const endpoint = found
    ? `${found.server} on this machine has ${found.models.join(', ')}: EMBEDDINGS_BASE_URL=${found.baseUrl} EMBEDDINGS_MODEL=${found.models[0]}.`
    : 'EMBEDDINGS_BASE_URL and EMBEDDINGS_MODEL, such as bge-m3 of Ollama.';
  return `For other languages set EMBEDDINGS_LOCAL to a folder with multilingual-e5-small, or: ${endpoint} All texts are embedded again then, in the background.`;
}

async function secrets(config: Config): Promise<Finding[]> {
  if (config.JWT_SECRET !== undefined || config.DATABASE_URL === undefined) return [];
  return [
    problem(
      'JWT_SECRET is not set',
      'With DATABASE_URL it is needed: at least 32 random characters, equal for all processes.',
    ),
  ];
}

async function certificates(config: Config): Promise<Finding[]> {
  return (await certificateEnds(config)).map((end) => {
    const what = `The certificate in ${end.path} (${end.setting}) is valid until ${end.expiresAt.toISOString()}`;
    return endsSoon(end) ? problem(what, 'Renew it: running processes read the new file by themselves.') : ok(what);
  });
}

async function port({ HOST, PORT }: Config): Promise<Finding> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<Finding>();
  server.once('error', (error: NodeJS.ErrnoException) =>
    resolve(
      error.code === 'EADDRINUSE'
        ? note(`Port ${PORT} is in use`, 'By a running Sextant, or by something else: then set PORT to another one.')
        : problem(`Port ${PORT} cannot be opened`, reason(error)),
    ),
  );
  server.listen(PORT, HOST, () => server.close(() => resolve(ok(`Port ${PORT} is free`))));
  return promise;
}

async function mail({ SMTP_URL }: Config): Promise<Finding> {
  return SMTP_URL === undefined
    ? note('No mail server: mails are written to the log for the administrator', 'Set SMTP_URL to send them.')
    : ok('Mails are sent through SMTP_URL');
}

function printSettings(config: Config): void {
  for (const { name, fallback, description } of settingRows()) {
    const secret = SECRET_SETTING.test(name);
    const value = (config as unknown as Record<string, unknown>)[name];
    const given = process.env[name] || (secret && process.env[`${name}_FILE`]);
    const shown = given ? (secret ? '(set)' : String(value)) : fallback || '(unset)';
    console.log(`${name} = ${shown}\n    ${description}`);
  }
}
