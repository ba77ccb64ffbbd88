import { expect, it } from 'vitest';
import { NotFetched } from '#platform/net/outbound/public-fetch.ts';
import { ClientDocuments, openDocumentFetch } from './client-documents.ts';

const ID = 'https://orbit.example/oauth/client.json';
const good = { client_id: ID, client_name: 'Orbit', redirect_uris: ['https://orbit.example/callback'] };

const may = async () => undefined;

/** A host that answers with this document. */
function hosting(document: unknown, change: { url?: string; isCut?: boolean } = {}) {
  const asked: string[] = [];
  const documents = new ClientDocuments({
    async get(url) {
      asked.push(url);
      const body = Buffer.from(typeof document === 'string' ? document : JSON.stringify(document));
      return { url, contentType: 'application/json', body, isCut: false, ...change };
    },
  });
  return { documents, asked };
}

it('an app is known by the document at its id, which is read once for a while', async () => {
  const { documents, asked } = hosting(good);
  const found = { name: 'Orbit', redirectUris: ['https://orbit.example/callback'] };
  expect(await Promise.all([documents.find(ID, may), documents.find(ID, may)])).toEqual([found, found]);
  expect(asked).toEqual([ID]);
});

it('a document that says something else is none', async () => {
  const wrong = [
    hosting({ ...good, client_id: 'https://orbit.example/other.json' }),
    hosting({ ...good, redirect_uris: ['javascript:alert(1)'] }),
    hosting('<html>'),
    hosting('null'),
    hosting(good, { url: 'https://evil.example/client.json' }),
    hosting(good, { isCut: true }),
  ];
  for (const { documents } of wrong) {
    await expect(documents.find(ID, may)).rejects.toMatchObject({ code: 'invalid_client' });
  }
});

it('a document that cannot be read is asked for again soon, however often it is looked for', async () => {
  let times = 0;
  const get = async (url: string) => {
    if (times++ === 0) throw new NotFetched('It cannot be reached.');
    return { url, contentType: 'application/json', body: Buffer.from(JSON.stringify(good)), isCut: false };
  };
  const documents = new ClientDocuments({ get }, 200);
  const found = () => documents.find(ID, may).then(({ name }) => name, String);
  expect(await found()).toContain('cannot be read');
  // Each look comes sooner than the last one is forgotten.
  await expect.poll(found, { interval: 20 }).toBe('Orbit');
  expect(times).toBe(2);
});

it('private addresses are not asked', async () => {
  await using fetch = openDocumentFetch();
  const documents = new ClientDocuments(fetch);
  for (const host of ['127.0.0.1', '[::1]', '169.254.169.254', '10.0.0.1', 'localhost']) {
    await expect(documents.find(`https://${host}/client.json`, may)).rejects.toMatchObject({
      code: 'invalid_client',
      message: expect.stringContaining('not one of the public internet'),
    });
  }
  const failing = new ClientDocuments({
    get: () => Promise.reject(new NotFetched('It cannot be reached.')),
  });
  await expect(failing.find(ID, may)).rejects.toThrow('cannot be read');
});

it('an id is the address of a document when it is written plainly', () => {
  expect(ClientDocuments.isOne(ID)).toBe(true);
  const others = ['http://orbit.example/a', 'https://orbit.example/', 'https://u:p@orbit.example/a', `${ID}#x`];
  for (const other of [...others, 'https://ORBIT.example/a', 'https://orbit.example/a/../b', 'sxc_x']) {
    expect([other, ClientDocuments.isOne(other)]).toEqual([other, false]);
  }
});
