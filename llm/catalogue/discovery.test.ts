import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import { environmentCatalogue } from './environment.ts';

/** Lists of models as servers give them, and what is right to make of them: who chats, and who embeds. */
const LISTS: readonly {
  readonly name: string;
  readonly body: unknown;
  readonly chat: readonly string[];
  readonly embeddings?: readonly string[];
}[] = [
  {
    name: 'a bare list, with types (Together)',
    body: [
      { id: 'meta-llama/Llama-3.3-70B', type: 'chat', context_length: 131072 },
      { id: 'BAAI/bge-large', type: 'embedding' },
      { id: 'black-forest-labs/FLUX.1', type: 'image' },
      { id: 'Salesforce/Llama-Rank', type: 'rerank' },
    ],
    chat: ['meta-llama/Llama-3.3-70B'],
    embeddings: ['BAAI/bge-large'],
  },
  {
    name: 'capabilities (Mistral)',
    body: {
      data: [
        { id: 'mistral-large', capabilities: { completion_chat: true, function_calling: true, vision: true } },
        { id: 'mistral-embed', capabilities: { completion_chat: false, function_calling: false, vision: false } },
      ],
    },
    chat: ['mistral-large'],
    embeddings: ['mistral-embed'],
  },
  {
    name: 'modalities (OpenRouter)',
    body: {
      data: [
        {
          id: 'a/chat',
          architecture: { input_modalities: ['text'], output_modalities: ['text'] },
          supported_parameters: [],
        },
        { id: 'a/paint', architecture: { input_modalities: ['text'], output_modalities: ['image'] } },
      ],
    },
    chat: ['a/chat'],
  },
  { name: 'names with a folder (Gemini)', body: { data: [{ id: 'models/gemini-3-flash' }] }, chat: ['gemini-3-flash'] },
  {
    name: 'three hundred models',
    body: { data: Array.from({ length: 300 }, (_, index) => ({ id: `m${index}` })) },
    chat: Array.from({ length: 300 }, (_, index) => `m${index}`),
  },
];

let server: http.Server;
let body: unknown;
beforeAll(async () => {
  server = http.createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
});
afterAll(() => void server.close());

describe('what a server lists is taken whole, and each model for what it is', () => {
  it.each(LISTS)('$name', async (list) => {
    body = list.body;
    const { port } = server.address() as AddressInfo;
    const config = loadConfig({ LLM_DISCOVERY: 'false', LOCAL_LLM_ENDPOINT: `http://127.0.0.1:${port}/v1` });
    const { aliases, defaults } = await environmentCatalogue(config);
    const able = (what: 'chat' | 'embeddings') =>
      [...aliases.values()].filter(({ targets }) => targets[0]!.deployment.capabilities[what]).map(({ id }) => id);
    expect(able('chat')).toEqual(list.chat);
    expect(able('embeddings')).toEqual(list.embeddings ?? []);
    expect(defaults.chat).toBe(list.chat[0]);
  });
});
