import { createHash } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Registry } from 'prom-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CountingRateLimiter } from '#platform/identity/limits/counting-rate-limiter.ts';
import type { Gateway } from './gateway.ts';
import { startTestGateway } from './testing/test-gateway.ts';

const GREETING = 'query Greeting($name: String!) { greeting(name: $name) }';
const HASH = createHash('sha256').update(GREETING).digest('hex');

let gateway: Gateway;
let listed: Gateway;
beforeAll(async () => {
  gateway = await startTestGateway(
    { MAX_BATCH: '4', RATE_LIMIT_ADDRESS: '10', TRUSTED_PROXIES: '1' },
    { limiter: new CountingRateLimiter({ metrics: new Registry() }) },
  );
  const manifest = path.join(mkdtempSync(path.join(tmpdir(), 'manifest-')), 'manifest.json');
  writeFileSync(manifest, JSON.stringify({ [HASH]: GREETING }));
  listed = await startTestGateway({ OPERATIONS_MANIFEST: manifest });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await listed[Symbol.asyncDispose]();
});

let address = 0;
async function post(body: unknown, from = `10.0.1.${address++}`, at = gateway) {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': from };
  const answer = await fetch(`${at.url}/graphql`, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: answer.status, body: await answer.json() };
}
const greet = (name: string) => ({ query: GREETING, variables: { name } });

describe('a batch', () => {
  it('is answered in its order, and what is wrong with one operation is its own matter', async () => {
    const batch = [greet('a'), { query: '{ nothing }' }, { query: 'subscription { endless { number } }' }, greet('b')];
    const { status, body } = await post(batch);
    expect(status).toBe(200);
    expect(body[0]).toEqual({ data: { greeting: 'Hello a' } });
    expect(body[1].errors[0].extensions.code).toBe('GRAPHQL_VALIDATION_FAILED');
    expect(body[2].errors[0].message).toContain('cannot be part of a batch');
    expect(body[3]).toEqual({ data: { greeting: 'Hello b' } });
  });

  it.each([
    [Array.from({ length: 5 }, () => greet('a')), 'at most 4 are accepted'],
    [[], 'without an operation'],
    [[greet('a'), 'no'], 'a list of JSON objects'],
    [[greet('a'), { query: 1 }], 'must be a string'],
  ])('that is not one is refused as a whole: %j', async (batch, problem) => {
    const { status, body } = await post(batch);
    expect(status).toBe(400);
    expect(body.errors[0].message).toContain(problem);
  });

  it('counts as many operations as it has', async () => {
    const four = Array.from({ length: 4 }, () => greet('a'));
    const answers = (await Promise.all(Array.from({ length: 10 }, () => post(four, '10.0.2.1')))).flatMap(
      ({ body }) => body,
    );
    const limited = answers.filter((one) => one.errors?.[0].extensions.code === 'RATE_LIMITED').length;
    // A new window may begin among them.
    expect(limited).toBeGreaterThanOrEqual(20);
    expect(limited).toBeLessThanOrEqual(30);
  });

  it('is refused where MAX_BATCH is not set', async () => {
    const { status, body } = await post([greet('a')], undefined, listed);
    expect([status, body.errors[0].message]).toEqual([
      400,
      expect.stringContaining('send each in a request of its own'),
    ]);
  });
});

describe('a persisted document', () => {
  it.each([`sha256:${HASH}`, HASH])('is named by documentId, in a body and in a URL: %s', async (documentId) => {
    const variables = { name: 'x' };
    const expected = { data: { greeting: 'Hello x' } };
    expect((await post({ documentId, variables }, undefined, listed)).body).toEqual(expected);
    const search = new URLSearchParams({ documentId, variables: JSON.stringify(variables) });
    const answer = await fetch(`${listed.url}/graphql?${search}`, { headers: { 'apollo-require-preflight': '1' } });
    expect(await answer.json()).toEqual(expected);
  });

  it('that is not in the manifest is PERSISTED_QUERY_NOT_FOUND', async () => {
    const { body } = await post({ documentId: 'sha256:0000' }, undefined, listed);
    expect(body.errors[0].extensions.code).toBe('PERSISTED_QUERY_NOT_FOUND');
  });
});
