import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ableTo, aCall, aCatalogue, aDeployment, anAlias, testModels } from '../testing/build.ts';

let link = '';
let reached: string[] = [];
const serve = async (name: string, listener: RequestListener): Promise<string> => {
  const server = createServer((request, response) => {
    reached.push(`${name}${request.url}`);
    listener(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};
let provider = '';
let neighbour = '';
beforeAll(async () => {
  neighbour = await serve('neighbour', (_, response) => response.end('secret'));
  provider = await serve('provider', (request, response) => {
    if (request.url === '/made.png') return response.setHeader('content-type', 'image/png').end('png');
    if (request.url === '/on') return response.writeHead(302, { location: '/made.png' }).end();
    if (request.url === '/away') return response.writeHead(302, { location: `${neighbour}/secret` }).end();
    if (request.url === '/gone') return response.writeHead(404).end();
    return response.setHeader('content-type', 'application/json').end(JSON.stringify({ data: [{ url: link }] }));
  });
});

async function make(url: string): Promise<string> {
  link = url;
  reached = [];
  const { models, records } = testModels(
    aCatalogue([anAlias('m', [aDeployment(`${provider}/v1`, { capabilities: ableTo('images') })])]),
  );
  try {
    const { images } = await models.image({ prompt: 'a cat' }, aCall());
    return Buffer.from(images[0]!.bytes).toString();
  } finally {
    // It was made, whatever came of the link.
    expect(records).toMatchObject([{ operation: 'image', outcome: 'ok', images: 1 }]);
    await models.close();
  }
}

describe('a link to an image that a provider made', () => {
  it.each(['/made.png', '/on'])('is read at the provider itself: %s', async (path) => {
    expect(await make(provider + path)).toBe('png');
  });

  it('may hold the image', async () => {
    expect(await make(`data:image/png;base64,${Buffer.from('png').toString('base64')}`)).toBe('png');
  });

  it.each([
    ['another server of the network', () => `${neighbour}/secret`],
    ['the same by way of the provider', () => `${provider}/away`],
    ['a cloud’s metadata', () => 'http://169.254.169.254/latest/meta-data'],
    ['this machine, as a number', () => 'http://2130706433/'],
    ['this machine, in IPv6', () => `http://[::ffff:127.0.0.1]:${new URL(neighbour).port}/`],
    ['a name of this machine', () => 'http://localhost./'],
    ['a file', () => 'file:///etc/passwd'],
    ['a user', () => `${provider.replace('//', '//a:b@')}/made.png`],
    ['what is not there', () => `${provider}/gone`],
  ])('leads nowhere else, and the call says so: %s', async (_, url) => {
    await expect(make(url())).rejects.toMatchObject({
      code: 'PROVIDER_UNAVAILABLE',
      message: expect.stringContaining('did not hand it over'),
    });
    expect(reached.filter((one) => one.startsWith('neighbour'))).toEqual([]);
  });
});
