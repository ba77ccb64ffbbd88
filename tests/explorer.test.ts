import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestUser } from './testing/client.ts';
import { followOnce } from './testing/raw-stream.ts';
import { type RunningGraph, startEmbedded } from './testing/sextant.ts';
import { StreamedText } from './testing/story.ts';

const root = path.resolve(import.meta.dirname, '..');
const EXAMPLES = path.join(root, 'cli/examples');

/** Imports a module of the page, which browsers run as it is. */
const page = <T>(name: string): Promise<T> => import(path.join(root, 'gateway/explorer/page', name)) as Promise<T>;
const { fill } = await page<{ fill(variables: object, answers: object): Record<string, string> }>('fill.js');

describe('the explorer', () => {
  let graph: RunningGraph;
  let settings: { examples: { query: string; variables?: string }[] };

  beforeAll(async () => {
    graph = await startEmbedded({ CONSOLE: 'off' });
    settings = await (await fetch(`${graph.url}/explorer/settings.json`)).json();
  }, 60_000);
  afterAll(() => graph[Symbol.asyncDispose](), 30_000);

  it('is what a browser sees first where CONSOLE is off', async () => {
    const asBrowser = { headers: { accept: 'text/html' }, redirect: 'manual' } as const;
    expect((await fetch(`${graph.url}/`, asBrowser)).headers.get('location')).toBe('/explorer');
    expect((await fetch(`${graph.url}/chat`, asBrowser)).status).toBe(404);
  });

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
