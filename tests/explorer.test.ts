import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestUser } from './testing/client.ts';
import { followOnce } from './testing/raw-stream.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';
import { StreamedText } from './testing/story.ts';

const root = path.resolve(import.meta.dirname, '..');
const EXAMPLES = path.join(root, 'cli/examples');
const PASSWORD = 'a star above the horizon';

interface Session {
  readonly isSignedIn: boolean;
  use(token: string): void;
  signUp(email: string, password: string): Promise<string>;
  signIn(email: string, password: string): Promise<void>;
  signOut(): void;
  headers(): Promise<object>;
  who(): Promise<string | undefined>;
}

/** Imports a module of the page, which browsers run as it is. */
const page = <T>(name: string): Promise<T> => import(path.join(root, 'gateway/explorer/page', name)) as Promise<T>;
const { Session } = await page<{ Session: new (options: object) => Session }>('session.js');
const { fill } = await page<{ fill(variables: object, answers: object): Record<string, string> }>('fill.js');

/** What a browser keeps for a tab. */
class Storage {
  readonly #values = new Map<string, string>();
  getItem = (name: string) => this.#values.get(name) ?? null;
  setItem = (name: string, value: string) => void this.#values.set(name, value);
}

describe('the explorer', () => {
  let graph: RunningGraph;
  let settings: { account: object; examples: { query: string; variables?: string }[] };
  const open = (storage: Storage) =>
    new Session({ endpoint: `${graph.url}/graphql`, operations: settings.account, storage });

  beforeAll(async () => {
    // So short that a token has to be renewed before each use.
    graph = await startEmbedded({ ACCESS_TOKEN_TTL_S: '30' });
    settings = await (await fetch(`${graph.url}/explorer/settings.json`)).json();
  }, 60_000);
  afterAll(() => graph[Symbol.asyncDispose](), 30_000);

  it('signs a person up and in, renews the token, and knows the person again after a reload', async () => {
    const storage = new Storage();
    const session = open(storage);
    expect(await session.who()).toBeUndefined();
    expect(await session.headers()).toEqual({});
    await expect(session.signIn('ada@example.org', PASSWORD)).rejects.toThrow();
    expect(await session.signUp('ada@example.org', PASSWORD)).toMatch(/\w/);
    await session.signIn('ada@example.org', PASSWORD);
    expect(await session.who()).toBe('ada');
    const [first, same] = await Promise.all([session.headers(), session.headers()]);
    expect(first).toEqual(same);
    expect(await session.headers()).not.toEqual(first);
    expect(await open(storage).who()).toBe('ada');
    session.signOut();
    expect(await open(storage).who()).toBeUndefined();
  }, 60_000);

  it('does not take a token that the server does not know for one of a person', async () => {
    const session = open(new Storage());
    session.use('not-a-token');
    expect(session.isSignedIn).toBe(true);
    expect(await session.who()).toBeUndefined();
    expect(session.isSignedIn).toBe(false);
  }, 30_000);

  it('opens with operations that run one after the other as they are', async () => {
    const names = readdirSync(EXAMPLES).filter((name) => name.endsWith('.graphql'));
    expect(settings.examples).toHaveLength(names.length);
    const user = await TestUser.signUp(graph.url);
    const answers: Record<string, unknown> = {};
    for (const { query, variables = '{}' } of settings.examples) {
      const filled = fill(JSON.parse(variables), answers);
      await user.signIn();
      if (query.includes('subscription')) {
        const received = new StreamedText();
        await followOnce(user, filled['messageId']!, received);
        expect(received).toMatchObject({ status: 'COMPLETE' });
      } else {
        const { data, errors } = await user.send<Record<string, unknown>, object>(query, filled);
        expect([query, errors]).toEqual([query, undefined]);
        Object.assign(answers, data);
      }
    }
    expect(answers).toMatchObject({
      conversation: { messages: { nodes: [{ role: 'USER' }, { role: 'ASSISTANT' }] } },
      searchMemories: { matches: [{ memory: { text: expect.stringContaining('chart room') } }] },
    });
  }, 60_000);

  it('says which tab comes first where an example needs what another answered', () => {
    const variables = JSON.parse(readFileSync(path.join(EXAMPLES, '3-send.json'), 'utf8')) as object;
    expect(() => fill(variables, {})).toThrow('Run the tab with createConversation first');
  });
});
