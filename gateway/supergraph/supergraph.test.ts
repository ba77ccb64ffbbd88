import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadSupergraph } from './supergraph.ts';
import { watchSupergraph } from './watch.ts';

const LINK = 'extend schema @link(url: "https://specs.apollo.dev/federation/v2.9", import: ["@key", "@inaccessible"])';
const USERS = `${LINK}\n"A person." type User @key(fields: "id") { id: ID! name: String secret: String @inaccessible }\ntype Query { me: User }`;
const POSTS = `${LINK}\ntype User @key(fields: "id") { id: ID! posts: [String] }`;
const CONFIG = `federation_version: =2.14.0
subgraphs:
  users:
    routing_url: [http://a.test/graphql, http://b.test/graphql]
    schema: { file: ./users.graphql }
  posts:
    routing_url: \${env.POSTS_URL}
    schema: { file: ./posts.graphql }
`;
const ENV = { POSTS_URL: 'http://posts.test/graphql' };

let folder: string;
const file = (name: string) => path.join(folder, name);
const write = (name: string, text: string) => writeFile(file(name), text);
const problems = (text: string, env: Record<string, string> = ENV) =>
  write('supergraph.yaml', text)
    .then(() => loadSupergraph({ file: file('supergraph.yaml') }, env))
    .then(
      () => 'no problem',
      (error: Error) => error.message,
    );

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'supergraph-'));
  await write('users.graphql', USERS);
  await write('posts.graphql', POSTS);
  await write('supergraph.yaml', CONFIG);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const DEFER = `"""
Lets a fragment of a query come later than the rest, where the client accepts an answer in parts; otherwise it says nothing.
"""
directive @defer(
  """Whether it may come later."""
  if: Boolean! = true

  """A name of the client's own for the part."""
  label: String
) on FRAGMENT_SPREAD | INLINE_FRAGMENT

`;

describe('a supergraph', () => {
  it('is composed from supergraph.yaml, with variables and several addresses a subgraph', async () => {
    const supergraph = await loadSupergraph({ file: file('supergraph.yaml') }, ENV);
    expect(supergraph.subgraphs).toEqual([
      { name: 'posts', url: 'http://posts.test/graphql', urls: ['http://posts.test/graphql'] },
      { name: 'users', url: 'http://a.test/graphql', urls: ['http://a.test/graphql', 'http://b.test/graphql'] },
    ]);
    expect(supergraph.apiSdl()).toBe(
      `${DEFER}type Query {\n  me: User\n}\n\n"""A person."""\ntype User {\n  id: ID!\n  name: String\n  posts: [String]\n}\n`,
    );
  });

  it('is the same when its composed SDL is loaded from a file', async () => {
    const composed = await loadSupergraph({ file: file('supergraph.yaml') }, ENV);
    await write('supergraph.graphql', composed.sdl);
    const loaded = await loadSupergraph({ file: file('supergraph.graphql') });
    expect(loaded.id).toBe(composed.id);
    expect(loaded.apiSdl()).toBe(composed.apiSdl());
  });

  it('takes a subgraph’s schema from the text itself or from the running subgraph', async () => {
    const server = createServer((_, response) => response.end(JSON.stringify({ data: { _service: { sdl: POSTS } } })));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await write(
      'supergraph.yaml',
      `subgraphs:\n  posts: { schema: { subgraph_url: "http://127.0.0.1:${port}/" } }\n  users:\n    routing_url: http://u.test\n    schema:\n      sdl: ${JSON.stringify(USERS)}\n`,
    );
    const supergraph = await loadSupergraph({ file: file('supergraph.yaml') }).finally(() => server.close());
    expect(supergraph.subgraphs[0]?.url).toBe(`http://127.0.0.1:${port}/`);
    expect(supergraph.apiSdl()).toContain('posts: [String]');
  });
});

describe('a supergraph that cannot be used is refused in lines that say where and why', () => {
  it('names missing variables, files, addresses and wrong versions', async () => {
    expect(await problems(CONFIG, {})).toBe(
      `supergraph.yaml uses \${env.POSTS_URL}, but POSTS_URL is not in the environment.`,
    );
    expect(await problems(CONFIG.replace('./posts', './post'))).toBe(`posts: ${file('post.graphql')} does not exist.`);
    expect(await problems(CONFIG.replace(`routing_url: \${env.POSTS_URL}`, ''))).toContain(
      'subgraphs.posts.routing_url',
    );
    expect(await problems(CONFIG.replace('=2.14.0', '=2.99.0'))).toContain('federation_version 2.99 is unknown here');
    expect(await problems(CONFIG.replace('=2.14.0', '=2.3.0'))).toContain(
      'users links federation v2.9, but federation_version is 2.3.',
    );
  });

  it('names what is not YAML, no configuration, and no entry of one', async () => {
    expect(await problems('a: [')).toContain('supergraph.yaml is not YAML');
    expect(await problems('hello')).toContain('a mapping with `subgraphs`');
    expect(await problems(CONFIG.replace('schema: { file: ./posts.graphql }', 'schema: {}'))).toContain(
      'subgraphs.posts.schema is wrong: exactly one of `file`, `sdl` and `subgraph_url`',
    );
  });

  it('lists syntax and composition errors with subgraph, file, line and column', async () => {
    await write('posts.graphql', 'type {');
    expect(await problems(CONFIG)).toBe('posts: Syntax Error: Expected Name, found "{". (./posts.graphql:1:6)');
    await write('posts.graphql', POSTS.replace('"id"', '"nope"'));
    expect(await problems(CONFIG)).toMatch(/^KEY_INVALID_FIELDS: \[posts\] .* \(\.\/posts\.graphql:2:\d+\)$/);
  });

  it('names a file that holds something else', async () => {
    await write('other.graphql', 'type Query { a: Int }');
    await expect(loadSupergraph({ file: file('other.graphql') })).rejects.toThrow(/is not a composed supergraph/);
  });
});

describe('a watched supergraph', () => {
  it('follows its files, and a broken schema never replaces a good one', async () => {
    const seen: string[] = [];
    const waiters: (() => void)[] = [];
    const note = (what: string) => {
      seen.push(what);
      waiters.shift()?.();
    };
    const event = () => new Promise<void>((resolve) => waiters.push(resolve));
    const watcher = await watchSupergraph(
      { file: file('supergraph.yaml') },
      {
        changed: (next) => note(next.apiSdl().includes('comments') ? 'comments' : 'other'),
        broken: (error) => note(error.problems[0]!.slice(0, 20)),
      },
      ENV,
    );
    try {
      const good = watcher.current.id;
      let next = event();
      await write('posts.graphql', 'type {');
      await next;
      expect(watcher.current.id).toBe(good);
      next = event();
      await write('posts.graphql', POSTS.replace('posts:', 'comments:'));
      await next;
      expect(seen).toEqual(['posts: Syntax Error:', 'comments']);
      expect(await watcher.reload()).toBe(false);
      expect(watcher.current.id).not.toBe(good);
    } finally {
      watcher.close();
    }
  });
});

describe('a watched supergraph.yaml of one subgraph', () => {
  const schema = (field: string) => `type Query { ${field}: Int }`;
  async function watching(changed: (folder: string) => Promise<void>) {
    const folder = await mkdtemp(path.join(tmpdir(), 'supergraph-watched-'));
    const config = path.join(folder, 'supergraph.yaml');
    const addresses = (...urls: string[]) =>
      writeFile(config, `subgraphs:\n  a:\n    routing_url: [${urls.join(', ')}]\n    schema: { file: ./a.graphql }\n`);
    await addresses('http://a1/', 'http://a2/');
    await writeFile(path.join(folder, 'a.graphql'), schema('one'));
    const watcher = await watchSupergraph(
      { file: config },
      { changed: () => changed(folder), broken: (error) => expect.fail(error.message) },
    );
    const fields = () => Object.keys(watcher.current.apiSchema.getQueryType()!.getFields());
    return { folder, watcher, addresses, fields };
  }

  it('is loaded again where a schema changes before what it said before is served', async () => {
    let turns = 0;
    const { folder, watcher, fields } = await watching(async (where) => {
      if (turns++ === 0) await writeFile(path.join(where, 'a.graphql'), schema('three'));
    });
    try {
      await writeFile(path.join(folder, 'a.graphql'), schema('two'));
      await expect.poll(fields, { timeout: 20_000 }).toEqual(['three']);
    } finally {
      watcher.close();
    }
  }, 30_000);

  it('is served with its other addresses as soon as one that is not the first has changed', async () => {
    const { watcher, addresses } = await watching(async () => undefined);
    try {
      await addresses('http://a1/', 'http://a3/');
      const urls = () => watcher.current.subgraphs[0]!.urls;
      await expect.poll(urls, { timeout: 20_000 }).toEqual(['http://a1/', 'http://a3/']);
      expect(await watcher.reload()).toBe(false);
    } finally {
      watcher.close();
    }
  }, 30_000);
});

describe('the cache of composed supergraphs', () => {
  it('gives what was composed of the same schemas, and nothing old when one has changed', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'supergraph-cache-'));
    const cache = path.join(folder, 'cache');
    const config = path.join(folder, 'supergraph.yaml');
    const schema = (field: string) => `type Query { ${field}: Int }`;
    await writeFile(config, 'subgraphs:\n  a:\n    routing_url: http://a\n    schema:\n      file: ./a.graphql\n');
    await writeFile(path.join(folder, 'a.graphql'), schema('one'));
    const first = await loadSupergraph({ file: config, cache });
    expect(await loadSupergraph({ file: config, cache })).toMatchObject({ sdl: first.sdl, id: first.id });
    expect((await readdir(cache)).map((name) => name.replace(/^\w+\./, '')).sort()).toEqual([
      'api.json',
      'supergraph.graphql',
    ]);
    await writeFile(path.join(folder, 'a.graphql'), schema('two'));
    expect((await loadSupergraph({ file: config, cache })).apiSdl()).toContain('two: Int');
    await rm(folder, { recursive: true });
  });
});
