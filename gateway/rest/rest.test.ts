import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildSchema, parse, validate } from 'graphql';
import { afterAll, describe, expect, it } from 'vitest';
import { fakeAuthenticator, startTestGateway } from '../testing/test-gateway.ts';
import { COMPOSED } from './composed/all.ts';
import { readEndpoint, readEndpoints } from './endpoints.ts';
import { REST_OPERATIONS } from './rest.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'rest-'));
const file = (name: string, text: string) => writeFileSync(path.join(folder, name), text);
file(
  'book.graphql',
  '# GET /api/books/{id}\n# One book.\nquery RestBook($id: ID!) { book(id: $id) { id title printed } }',
);
file('greet.graphql', '# POST /api/greet\n# Greets.\nquery RestGreet($name: String!) { greeting(name: $name) }');
file('ask.graphql', '# GET /api/greet\n# Greets.\nquery RestAsk($name: String!) { greeting(name: $name) }');
file('mine.graphql', '# GET /api/mine\n# Mine.\nquery RestMine { mine }');
file('fail.graphql', '# GET /api/fail\n# Fails.\nquery RestFail($how: String!) { fails(how: $how) }');
file('uncount.graphql', '# DELETE /api/count\n# Counts, too.\nmutation RestUncount { count }');
file('all.graphql', '# GET /api/books/all\n# Greets.\nquery RestAll { mine }');
file('count.graphql', '# POST /api/count\n# Counts.\nmutation RestCount { count }');

const { authenticator } = fakeAuthenticator();
const gateway = await startTestGateway({}, { authenticator, rest: folder });
afterAll(() => gateway[Symbol.asyncDispose]());

async function call(method: string, target: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(gateway.url + target, {
    method,
    headers: { 'content-type': 'application/json', ...headers },
    ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return [response.status, await response.json()] as const;
}

describe('an endpoint', () => {
  it('fills variables from path, query and body, and answers with the root field’s value', async () => {
    expect(await call('GET', '/api/books/a%2Fb')).toEqual([
      200,
      { id: 'a/b', title: 'Book a/b', printed: '1970-01-01T00:00:00.000Z' },
    ]);
    expect(await call('GET', '/api/greet?name=Ada')).toEqual([200, 'Hello Ada']);
    expect(await call('POST', '/api/greet', { name: 'Bob' })).toEqual([200, 'Hello Bob']);
    expect(await call('POST', '/api/count', {})).toEqual([200, expect.any(Number)]);
  });

  it('that deletes needs no body and no type of one; others do, since a foreign page’s form sends none', async () => {
    const bare = (method: string) => fetch(`${gateway.url}/api/count`, { method });
    expect((await bare('DELETE')).status).toBe(200);
    expect((await bare('POST')).status).toBe(400);
  });

  it('whose path is written out is not one with a parameter', async () => {
    const response = await fetch(`${gateway.url}/api/books/all`, { method: 'DELETE' });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET, HEAD']);
  });

  it('says what is wrong by the catalogue’s code and the status that fits', async () => {
    expect(await call('GET', '/api/mine')).toMatchObject([401, { error: { code: 'UNAUTHENTICATED' } }]);
    expect(await call('GET', '/api/mine', undefined, { authorization: 'Bearer ada' })).toEqual([200, 'user']);
    expect(await call('GET', '/api/mine', undefined, { authorization: 'Bearer wrong' })).toMatchObject([401, {}]);
    expect(await call('GET', '/api/fail?how=expected')).toMatchObject([404, { error: { code: 'NOT_FOUND' } }]);
    expect(await call('GET', '/api/fail?how=x')).toMatchObject([500, { error: { code: 'INTERNAL_SERVER_ERROR' } }]);
    expect(await call('GET', '/api/greet')).toMatchObject([400, { error: { code: 'BAD_USER_INPUT' } }]);
    expect(await call('GET', '/api/greet?nam=x')).toMatchObject([400, { error: { argument: 'nam' } }]);
    expect(await call('POST', '/api/greet', '[')).toMatchObject([400, { error: { argument: 'body' } }]);
    const deep = await call('POST', '/api/greet', `{"name":${'['.repeat(3_000)}${']'.repeat(3_000)}}`);
    expect(deep).toMatchObject([
      400,
      { error: { argument: 'body', message: expect.stringContaining('more than 2000 levels') } },
    ]);
    expect(await call('DELETE', '/api/greet')).toMatchObject([405, {}]);
  });

  it('is closed to forms of foreign pages', async () => {
    const answer = await call('POST', '/api/count', '', { 'content-type': 'application/x-www-form-urlencoded' });
    expect(answer).toMatchObject([400, { error: { argument: 'body' } }]);
  });
});

it('the OpenAPI document describes parameters, bodies and answers', async () => {
  const [, document] = await call('GET', '/openapi.json');
  expect(document.paths['/api/books/{id}'].get).toMatchObject({
    operationId: 'RestBook',
    summary: 'One book.',
    parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
  });
  const content = document.paths['/api/books/{id}'].get.responses['200'].content['application/json'];
  expect(content.schema.properties.printed).toEqual({ type: 'string', format: 'date-time' });
  expect(document.paths['/api/greet'].post.requestBody.content['application/json'].schema.required).toEqual(['name']);
});

it('the endpoints of the product fit its schema', async () => {
  const { readFileSync } = await import('node:fs');
  const schema = buildSchema(readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8'));
  const operations = [
    ...readEndpoints(REST_OPERATIONS).map(({ operation }) => operation),
    ...COMPOSED.flatMap(({ operations }) => operations),
  ];
  for (const { name, text } of operations) {
    expect([name, validate(schema, parse(text))]).toEqual([name, []]);
  }
});

it.each([
  ['query A { mine }', 'must begin with'],
  ['# GET /a\nquery { mine }', 'must have a name'],
  ['# GET /a\nmutation A { count }', 'GET with a mutation'],
  ['# GET /a/{id}\nquery A { mine }', 'no variable $id'],
  ['# POST /a\nsubscription A { ticks }', 'subscription'],
])('a file that is not an endpoint is refused by name: %s', (text, problem) => {
  expect(() => readEndpoint('a.graphql', text)).toThrow(problem);
});
