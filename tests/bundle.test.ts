import { type StdioOptions, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answer, type Behaviour, cut, FaultServer, stall } from '#llm/testing/fault-server.ts';
import { createTestDatabase } from '#platform/data/database/testing/test-database.ts';
import { msg, utf } from '#subgraphs/memory/reader/testing/msg.ts';
import { bundle } from '../cli/bundle.ts';
import { CreateConversationDocument, SendMessageDocument, StopGenerationDocument } from './client/generated/graphql.ts';
import { TestUser } from './testing/client.ts';
import { DISTRIBUTED_SKIPPED, REDIS_TEST_URL } from './testing/postgres.ts';
import { followOnce } from './testing/raw-stream.ts';
import { freePort, runToEnd, SextantProcess } from './testing/sextant.ts';
import { StreamedText } from './testing/story.ts';

const PATIENCE = { timeout: 60_000, interval: 200 };

/** Outside of the repository: what the bundle forgot, it cannot find in a parent folder. */
let directory: string;
let program: string;
let env: Record<string, string>;

beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'sextant-bundle-'));
  await bundle(path.join(directory, 'dist'));
  program = path.join(directory, 'dist', 'cli', 'sextant.js');
  env = { SEXTANT_DIR: path.join(directory, 'data'), NODE_COMPILE_CACHE: path.join(directory, 'compiled') };
}, 240_000);
afterAll(() => rm(directory, { recursive: true, force: true }), 60_000);

describe('the bundle', () => {
  it('serves the whole graph with little memory and all its threads: sign-up, documents, embeddings and text in pictures', async () => {
    const sextant = await SextantProcess.start(
      ['up', '--no-banner'],
      { ...env, PORT: String(await freePort()), MEMORY_MB: '512' },
      program,
    );
    try {
      // It has begun again, as the same process, with what malloc reads when a process begins.
      if (process.platform === 'linux')
        expect((await readFile(`/proc/${sextant.pid}/environ`, 'utf8')).split('\0')).toEqual(
          expect.arrayContaining([
            'MALLOC_ARENA_MAX=2',
            'MALLOC_MMAP_THRESHOLD_=32000',
            'MALLOC_TRIM_THRESHOLD_=65536',
          ]),
        );
      const user = await TestUser.signUp(sextant.url);
      await upload(
        user,
        'createDocumentUpload',
        'document',
        'text/html',
        Buffer.from(
          '<html><body><h1>Sextant</h1><p>The sextant measures the angle of a star above the sea.</p></body></html>',
        ),
      );
      await upload(
        user,
        'createDocumentUpload',
        'document',
        'application/vnd.ms-outlook',
        Buffer.from(msg({ '001A001F': utf('IPM.Note'), '1000001F': utf('Bring a lantern to the harbour.') })),
      );
      const picture = await sharp({
        text: { text: '<span size="40pt">BEARING NORTH</span>', rgba: true, dpi: 150 },
      })
        .flatten({ background: 'white' })
        .extend({ top: 60, bottom: 60, left: 60, right: 60, background: 'white' })
        .png()
        .toBuffer();
      const id = await upload(user, 'createImageUpload', 'image', 'image/png', picture, 'recognizeText: true');
      await expect
        .poll(
          async () =>
            (
              await user.send<{ searchKnowledge: { matches: { passage: { text: string } }[] } }, never>(
                '{ searchKnowledge(input: {query: "celestial navigation instrument"}) { matches { passage { text } } } }',
              )
            ).data?.searchKnowledge.matches[0]?.passage.text,
          PATIENCE,
        )
        .toContain('angle of a star');
      await expect
        .poll(
          async () =>
            (
              await user.send<{ documents: { nodes: { status: string; contentType: string }[] } }, never>(
                '{ documents { nodes { status contentType } } }',
              )
            ).data?.documents.nodes,
          PATIENCE,
        )
        .toContainEqual({ status: 'READY', contentType: 'application/vnd.ms-outlook' });
      await expect
        .poll(
          async () =>
            (
              await user.send<{ image: { ocr: { text: string } | null } }, { id: string }>(
                'query($id: ID!) { image(id: $id) { ocr { text } } }',
                { id },
              )
            ).data?.image.ocr?.text,
          PATIENCE,
        )
        .toMatch(/BEARING NORTH/);
      expect((await fetch(`${sextant.url}/explorer/parts.js`)).status).toBe(200);
      const page = await fetch(`${sextant.url}/graphql`, { headers: { accept: 'text/html' } });
      expect(await page.text()).toContain('/explorer/page.js');
      expect(await (await fetch(`${sextant.url}/openapi.json`)).json()).toHaveProperty('paths');
    } finally {
      expect(await sextant.stop()).toBe(0);
    }
  }, 180_000);

  it.skipIf(process.platform !== 'linux')(
    'begins again with little memory, where no parent has a channel to it that would be lost',
    async () => {
      const told = 'console.log("malloc", process.env.MALLOC_MMAP_THRESHOLD_ ?? "as it is")';
      /** What each beginning of the process is told of malloc. */
      const begin = async (stdio: StdioOptions) => {
        const child = spawn(
          process.execPath,
          ['--import', `data:text/javascript,${encodeURIComponent(told)}`, program, 'up', '--help'],
          {
            env: { ...env, PATH: process.env['PATH'], MEMORY_MB: '512' },
            stdio,
          },
        );
        const [output] = await Promise.all([text(child.stdout!), once(child, 'close')]);
        return output.split('\n').filter((line) => line.startsWith('malloc'));
      };
      expect(await begin(['ignore', 'pipe', 'inherit'])).toEqual(['malloc as it is', 'malloc 32000']);
      expect(await begin(['ignore', 'pipe', 'inherit', 'ipc'])).toEqual(['malloc as it is']);
    },
    60_000,
  );

  /** The whole with a provider, and as much memory of what is said as `extraction` says. */
  const startWith = async (model: FaultServer, extraction: 'off' | 'rules') =>
    SextantProcess.start(
      ['up', '--no-banner'],
      {
        ...env,
        PORT: String(await freePort()),
        OPENAI_API_KEY: 'sk-test',
        OPENAI_BASE_URL: model.url,
        OPENAI_MODEL: 'gpt-4o',
        CHAT_TITLES: 'false',
        MEMORY_EXTRACTION: extraction,
      },
      program,
    );
  const conversationAt = async ({ url }: { readonly url: string }) => {
    const user = await TestUser.signUp(url);
    const { createConversation } = await user.run(CreateConversationDocument, { input: { title: 'Leg 1' } });
    return { user, conversationId: createConversation!.conversation.id };
  };

  it('counts the tokens of replies itself: of a provider that does not tell, of one that dies, and of what was stopped', async () => {
    await using model = await FaultServer.start();
    const sextant = await startWith(model, 'off');
    try {
      const { user, conversationId } = await conversationAt(sextant);
      /** Sends, stops the reply when it has begun if asked to, and follows it to its end. */
      const reply = async (behaviour: Behaviour, stop = false) => {
        model.behave(behaviour);
        const input = { conversationId, clientMessageId: randomUUID(), text: 'Where are we?' };
        const { sendMessage } = await user.run(SendMessageDocument, { input });
        const messageId = sendMessage!.reply!.id;
        const received = new StreamedText();
        const followed = followOnce(user, messageId, received);
        if (stop) {
          await expect.poll(() => received.text, PATIENCE).not.toBe('');
          await user.run(StopGenerationDocument, { input: { id: messageId } });
        }
        await followed;
        return received;
      };
      const silent = { usage: false } as const;
      expect(await reply(answer(['North', ' of here'], silent))).toMatchObject({ status: 'COMPLETE' });
      expect(await reply(cut('North', ' of'))).toMatchObject({ status: 'INTERRUPTED', text: 'North of' });
      expect(await reply(stall('North', ' of', ' nowhere'), true)).toMatchObject({ status: 'STOPPED' });
      await expect
        .poll(async () => {
          const { data } = await user.send<Calls, never>(
            '{ usageCalls(filter: {operation: "reply"}) { nodes { outcome inputTokens outputTokens estimated } } }',
          );
          return data?.usageCalls.nodes;
        }, PATIENCE)
        .toEqual(
          ['STOPPED', 'INTERRUPTED', 'OK'].map((outcome) => ({
            outcome,
            inputTokens: expect.toSatisfy((tokens: number) => tokens > 0),
            outputTokens: expect.toSatisfy((tokens: number) => tokens > 0),
            estimated: true,
          })),
        );
    } finally {
      expect(await sextant.stop()).toBe(0);
    }
  }, 120_000);

  it('reads all scripts as the sources do, and is of ASCII alone: V8 keeps it with one byte a character', async () => {
    const folder = path.dirname(program);
    for (const name of (await readdir(folder)).filter((file) => /\.[cm]?js$/.test(file)))
      expect(/[^\0-\x7f]/.test(await readFile(path.join(folder, name), 'utf8')), name).toBe(false);

    await using model = await FaultServer.start();
    const sextant = await startWith(model, 'rules');
    try {
      const { user, conversationId } = await conversationAt(sextant);
      const sentences = ['我住在上海。', 'Меня зовут Иван.', 'J’adore les étoiles.'];
      for (const text of sentences) {
        model.behave(answer(['Noted.']));
        const { sendMessage } = await user.run(SendMessageDocument, {
          input: { conversationId, clientMessageId: randomUUID(), text },
        });
        await followOnce(user, sendMessage!.reply!.id, new StreamedText());
      }
      await expect
        .poll(async () => {
          const { data } = await user.send<{ memories: { nodes: { text: string }[] } }, never>(
            '{ memories(first: 10) { nodes { text } } }',
          );
          return data?.memories.nodes.map(({ text: learned }) => learned).toSorted();
        }, PATIENCE)
        .toEqual(sentences.toSorted());
    } finally {
      expect(await sextant.stop()).toBe(0);
    }
  }, 120_000);

  it('is a gateway for any supergraph, with either engine', async () => {
    const supergraph = path.join(directory, 'supergraph.yaml');
    await writeFile(
      supergraph,
      'subgraphs: { stars: { routing_url: "http://127.0.0.1:1", schema: { sdl: "type Query { polaris: Int }" } } }',
    );
    for (const GATEWAY_ENGINE of ['compiled', 'stock']) {
      const gateway = await SextantProcess.start(
        ['gateway', '--supergraph', supergraph],
        { ...env, GATEWAY_ENGINE, PORT: String(await freePort()) },
        program,
      );
      // Planned and sent; the subgraph is not there.
      const { errors } = await new TestUser(gateway.url).send('{ polaris }');
      expect(errors?.[0]?.extensions?.['code']).toBe('SUBGRAPH_UNAVAILABLE');
      expect(await gateway.stop()).toBe(0);
    }
  }, 120_000);

  it('writes readable lines for a terminal', async () => {
    const supergraph = path.join(directory, 'supergraph.yaml');
    const PORT = String(await freePort());
    const gateway = spawn(process.execPath, [program, 'gateway', '--supergraph', supergraph], {
      env: { ...process.env, ...env, PORT, LOG_FORMAT: 'pretty' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const output = text(gateway.stdout);
    await expect
      .poll(
        () =>
          fetch(`http://127.0.0.1:${PORT}/ready`).then(
            ({ ok }) => ok,
            () => false,
          ),
        PATIENCE,
      )
      .toBe(true);
    gateway.kill('SIGTERM');
    expect(await output).toMatch(/^\[[0-9:.]+\].* ready\n {4}service: "gateway"\n/m);
  }, 120_000);

  it('keeps what was compiled, and makes it again where the file is damaged', async () => {
    const compiled = env['NODE_COMPILE_CACHE']!;
    const file = path.join(
      compiled,
      (await readdir(compiled)).find((name) => /^gateway-\w+-v[\d.]+-gateway$/.test(name))!,
    );
    const size = (await stat(file)).size;
    await truncate(file, Math.trunc(size / 2));
    const supergraph = path.join(directory, 'supergraph.yaml');
    const gateway = await SextantProcess.start(
      ['gateway', '--supergraph', supergraph],
      { ...env, PORT: String(await freePort()) },
      program,
    );
    expect(await gateway.stop()).toBe(0);
    expect((await stat(file)).size).toBeGreaterThan(size / 2);
  }, 60_000);

  it.skipIf(DISTRIBUTED_SKIPPED !== '')(
    `runs a subgraph alone without the code of the others, and each package that it needs from one file${DISTRIBUTED_SKIPPED}`,
    async () => {
      await using postgres = await createTestDatabase();
      const own = {
        ...env,
        DATABASE_URL: postgres.url,
        REDIS_URL: REDIS_TEST_URL!,
        JWT_SECRET: 'a secret for tests that has more than 32 characters',
        // With an exporter of traces, whose packages have files of their own.
        OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}`,
      };
      await runToEnd(['migrate'], own, program);
      const code = await readdir(path.join(directory, 'dist', 'cli'));
      const sizeOf = async (name: RegExp) =>
        (await stat(path.join(directory, 'dist', 'cli', code.find((file) => name.test(file))!))).size;
      for (const name of ['auth', 'vector']) {
        const subgraph = await SextantProcess.start(
          ['serve', name],
          { ...own, SUBGRAPH_PORT: String(await freePort()) },
          program,
        );
        expect((await fetch(`${subgraph.url}/health`)).status).toBe(200);
        expect(await subgraph.stop()).toBe(0);
        expect(await readdir(env['NODE_COMPILE_CACHE']!)).toContainEqual(
          expect.stringMatching(new RegExp(`^serve-${name}-.*-serve$`)),
        );
        expect(await sizeOf(new RegExp(`^serve-${name}-`))).toBeLessThan((await sizeOf(/^sextant-/)) * 0.7);
      }
    },
    60_000,
  );

  it('explains, composes, backs up', async () => {
    const folder = path.resolve(import.meta.dirname, '../retrieval/embeddings/folder/testing/model');
    const found = await runToEnd(['doctor'], { ...env, EMBEDDINGS_LOCAL: folder }, program);
    expect(found).toMatch(/database/i);
    expect(found).toMatch(/✓ Embedding model model-[0-9a-f]{6}/);
    expect(await runToEnd(['compose', '--api'], env, program)).toContain('type Query');
    await runToEnd(['backup', path.join(directory, 'backup.tar.gz')], env, program);
  }, 120_000);

  it.skipIf(DISTRIBUTED_SKIPPED !== '')(
    `makes the tables of a real Postgres${DISTRIBUTED_SKIPPED}`,
    async () => {
      await using postgres = await createTestDatabase();
      const JWT_SECRET = 'a secret for tests that has more than 32 characters';
      await runToEnd(['migrate'], { ...env, DATABASE_URL: postgres.url, JWT_SECRET }, program);
    },
    120_000,
  );
});

/** Uploads as a frontend does. Resolves to the id of what it became. */
async function upload(
  user: TestUser,
  mutation: string,
  field: string,
  contentType: string,
  bytes: Buffer,
  more = '',
): Promise<string> {
  const answer = await user.run<Record<string, Created>, never>(
    `mutation { ${mutation}(input: {fileName: "file", contentType: "${contentType}", size: ${bytes.length} ${more}}) {
      created: ${field} { id } upload { url method headers { name value } }
    } }`,
  );
  const { created, upload } = answer[mutation]!;
  const headers = Object.fromEntries(upload.headers.map(({ name, value }) => [name, value]));
  const response = await fetch(new URL(new URL(upload.url).pathname + new URL(upload.url).search, user.url), {
    method: upload.method,
    headers,
    body: new Uint8Array(bytes),
  });
  expect(response.status).toBeLessThan(300);
  return created.id;
}

interface Created {
  readonly created: { readonly id: string };
  readonly upload: {
    readonly url: string;
    readonly method: string;
    readonly headers: readonly { readonly name: string; readonly value: string }[];
  };
}

interface Calls {
  readonly usageCalls: { readonly nodes: readonly { readonly outcome: string }[] };
}
