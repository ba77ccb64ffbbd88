import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { answer } from '#llm/testing/fault-server.ts';
import type { SubgraphRequest, SubgraphTransport } from '#platform/net/transport/transport.ts';
import { ChatWorld, person } from '../testing/chat-world.ts';

const PIXELS = Buffer.from('not really a jpeg');
const server = http.createServer((request, response) => {
  response.writeHead(request.url === '/gone' ? 404 : 200, { 'content-type': 'image/jpeg' }).end(PIXELS);
});

/** The vision subgraph as the transport shows it: images by id, each of one person. */
/** Those that chat has asked for. */
const asked = new Set<string>();
const images = new Map<string, { owner: string; status: string; path: string }>();
const transport = {
  async execute({ identity, variables }: SubgraphRequest) {
    const id = String(variables!['id']);
    const image = images.get(id);
    asked.add(id);
    const own = image && identity.kind === 'user' && identity.userId === image.owner;
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${image?.path}`;
    return { result: { data: { image: own ? { status: image.status, url } : null } } };
  },
} as unknown as SubgraphTransport;

let world: ChatWorld;
beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  world = await ChatWorld.open({
    transportOf: (name) => (name === 'vision' ? transport : undefined),
    catalogue: (base_url) => ({
      providers: { local: { type: 'compatible', base_url, api_key: 'key' } },
      deployments: {
        seeing: { provider: 'local', model: 'seeing', capabilities: ['chat', 'vision'] },
        blind: { provider: 'local', model: 'blind', capabilities: ['chat'] },
      },
      models: { seeing: { deployments: [{ use: 'seeing' }] }, blind: { deployments: [{ use: 'blind' }] } },
    }),
  });
  world.provider.behave(answer('I see'));
});
afterAll(async () => {
  await world[Symbol.asyncDispose]();
  server.close();
});

function imageOf(owner: string, { status = 'READY', path = '/1' } = {}): string {
  const id = randomUUID();
  images.set(id, { owner, status, path });
  return id;
}
const prompt = () => (world.provider.seen.at(-1)!.body as { messages: { content: unknown }[] }).messages;

it('a model that sees gets the picture itself, whichever participant asks', async () => {
  const anna = person();
  const bert = person();
  const conversationId = await world.conversation(anna, { model: 'seeing' });
  await world.share(anna, conversationId, bert);
  const image = imageOf(anna.userId);
  await world.exchange(anna, { conversationId, text: 'What is this?', attachments: [image] });
  const url = `data:image/jpeg;base64,${PIXELS.toString('base64')}`;
  const content = [
    { type: 'text', text: 'What is this?' },
    { type: 'image_url', image_url: { url } },
  ];
  expect(prompt()).toMatchObject([{ content }]);
  await world.exchange(bert, { conversationId, text: 'And now?' });
  expect(prompt()[0]).toMatchObject({ content });
});

it('a model that does not see is told so', async () => {
  const anna = person();
  const conversationId = await world.conversation(anna, { model: 'blind' });
  await world.exchange(anna, { conversationId, text: 'What is this?', attachments: [imageOf(anna.userId)] });
  expect(JSON.stringify(prompt())).toContain('[An image, which you cannot see.]');
});

it('a send waits for its images: a client uploads and sends at once', async () => {
  const anna = person();
  const conversationId = await world.conversation(anna, { model: 'seeing' });
  const [uploading, analysed] = [imageOf(anna.userId, { status: 'AWAITING_UPLOAD' }), imageOf(anna.userId)];
  const sending = world.send(anna, { conversationId, attachments: [analysed, uploading] });
  await expect.poll(() => asked.has(uploading)).toBe(true);
  expect(await world.db.message.count({ where: { conversationId } })).toBe(0);
  images.get(uploading)!.status = 'READY';
  const { data, message } = await sending;
  expect(message).toBeUndefined();
  expect(data!.sendMessage.reply).not.toBeNull();
});

it('an image of another user, or one that is none, is refused', async () => {
  const anna = person();
  const conversationId = await world.conversation(anna, { model: 'seeing' });
  const send = (id: string) => world.send(anna, { conversationId, attachments: [id] });
  for (const id of [imageOf(randomUUID()), imageOf(anna.userId, { status: 'REFUSED' }), randomUUID()]) {
    expect(await send(id)).toMatchObject({ code: 'BAD_USER_INPUT', extensions: { argument: 'input.attachments.0' } });
  }
});

it('an image that cannot be had fails the reply with a code, and is never left out in silence', async () => {
  const anna = person();
  const conversationId = await world.conversation(anna, { model: 'seeing' });
  const { end } = await world.exchange(anna, {
    conversationId,
    attachments: [imageOf(anna.userId, { path: '/gone' })],
  });
  expect(end).toMatchObject({ status: 'FAILED', error: { code: 'SUBGRAPH_UNAVAILABLE' } });
});

it('without vision, images are refused', async () => {
  await using alone = await ChatWorld.open();
  const anna = person();
  const sent = await alone.send(anna, { conversationId: await alone.conversation(anna), attachments: [randomUUID()] });
  expect(sent.code).toBe('SUBGRAPH_UNAVAILABLE');
});
