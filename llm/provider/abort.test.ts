import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Api, ProviderType } from '../catalogue/catalogue.ts';
import { aCall, aCatalogue, aDeployment, anAlias, aProvider, hello, testModels } from '../testing/build.ts';
import { FaultServer } from '../testing/fault-server.ts';

let server: FaultServer;
beforeAll(async () => {
  server = await FaultServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const sse = (event: object) => `data: ${JSON.stringify(event)}\n\n`;

it.each<[ProviderType, Api, string]>([
  ['compatible', 'chat', sse({ choices: [{ delta: { content: 'Hel' } }] })],
  ['anthropic', 'native', sse({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hel' } })],
  ['gemini', 'native', sse({ candidates: [{ content: { parts: [{ text: 'Hel' }] } }] })],
  ['openai', 'responses', sse({ type: 'response.output_text.delta', output_index: 0, delta: 'Hel' })],
])('a reply of %s (%s) that is stopped ends the request at the provider', async (type, api, first) => {
  server.behave((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(first);
  });
  const baseUrl = api === 'native' ? new URL(server.url).origin : server.url;
  const deployment = aDeployment(baseUrl, { provider: aProvider(baseUrl, { type, api }) });
  const { models, records } = testModels(aCatalogue([anAlias('main', [deployment])]));
  const stopping = new AbortController();
  const arriving = server.arrival();
  let text = '';
  for await (const part of models.chat(hello, aCall({ signal: stopping.signal }))) {
    if (part.type === 'text') text += part.text;
    if (part.type === 'text') stopping.abort();
  }
  await (await arriving).aborted;
  expect(text).toBe('Hel');
  expect(records).toMatchObject([{ outcome: 'stopped' }]);
  await models.close();
});
