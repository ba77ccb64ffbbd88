import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '#platform/base/config/config.ts';
import { canSearch, searchWeb } from './search.ts';

let server: http.Server;
let seen: { url: string; headers: http.IncomingHttpHeaders; body: string };
let answer = '{}';
beforeAll(async () => {
  server = http.createServer(async (request, response) => {
    let body = '';
    for await (const piece of request) body += piece;
    seen = { url: request.url!, headers: request.headers, body };
    response.end(answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => void server.close());

const config = (more: Record<string, string>) =>
  loadConfig({ WEB_SEARCH_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, ...more });
const search = (more: Record<string, string>) => searchWeb(config(more), 'green tea', new AbortController().signal);
const RESULT = [{ title: 'Tea', url: 'https://tea.example/', text: 'Leaves' }];

it('asks Brave as Brave wants it', async () => {
  answer = JSON.stringify({ web: { results: [{ title: 'Tea', url: 'https://tea.example/', description: 'Leaves' }] } });
  expect(await search({ WEB_SEARCH_SERVICE: 'brave', WEB_SEARCH_API_KEY: 'k' })).toEqual(RESULT);
  expect(seen).toMatchObject({ url: '/web/search?q=green+tea&count=8', headers: { 'x-subscription-token': 'k' } });
});

it('asks Tavily as Tavily wants it', async () => {
  answer = JSON.stringify({ results: [{ title: 'Tea', url: 'https://tea.example/', content: 'Leaves' }] });
  expect(await search({ WEB_SEARCH_SERVICE: 'tavily', WEB_SEARCH_API_KEY: 'k' })).toEqual(RESULT);
  expect(seen).toMatchObject({ url: '/search', headers: { authorization: 'Bearer k' } });
  expect(JSON.parse(seen.body)).toEqual({ query: 'green tea', max_results: 8 });
});

it.each([
  { title: 'An answer', content: '42' },
  { url: null, content: 'x' },
  'text',
  null,
  { title: 5, url: 'https://x.example/' },
])('a result that is none spoils no other: %j', async (wrong) => {
  answer = JSON.stringify({ results: [wrong, { title: 'Tea', url: 'https://tea.example/', content: 'Leaves' }] });
  expect(await search({})).toEqual(RESULT);
});

it.each([
  ['no JSON', '<html>'],
  ['another form', '{"results": 5}'],
  ['too much', `{"results": [], "x": "${'x'.repeat(3_000_000)}"}`],
])('an answer that is %s fails in words', async (_name, text) => {
  answer = text;
  await expect(search({})).rejects.toThrow(/search service/);
});

it('is configured by an address, or by a key where the service has an address', () => {
  expect(canSearch(loadConfig({}))).toBe(false);
  expect(canSearch(config({}))).toBe(true);
  expect(canSearch(loadConfig({ WEB_SEARCH_SERVICE: 'brave' }))).toBe(false);
  expect(canSearch(loadConfig({ WEB_SEARCH_SERVICE: 'brave', WEB_SEARCH_API_KEY: 'k' }))).toBe(true);
});
