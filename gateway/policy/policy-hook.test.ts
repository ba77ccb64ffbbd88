import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { ANONYMOUS, type Identity } from '#platform/identity/identity.ts';
import type { PolicyCaller } from './policies.ts';
import { createPolicyHook } from './policy-hook.ts';

interface Question {
  readonly policies: string[];
  readonly identity: Identity;
  readonly headers: Record<string, string>;
  readonly requestId: string;
}
type Behaviour = (question: Question, response: ServerResponse, request: IncomingMessage) => void;
const grant =
  (...granted: string[]): Behaviour =>
  (_, response) =>
    response.end(JSON.stringify({ granted }));

let behave: Behaviour;
const asked: Question[] = [];
const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const question = JSON.parse(Buffer.concat(chunks).toString()) as Question;
    asked.push(question);
    behave(question, response, request);
  });
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/decide`;
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked.length = 0;
});

const user = (userId: string): PolicyCaller => ({
  identity: { kind: 'user', userId, roles: ['user'], scopes: ['read'], expiresAt: 4e9 },
  client: { ipAddress: '::1', userAgent: undefined },
  requestId: 'r1',
});
const hookAt = (where: string, config: { timeout?: number; cache?: number } = {}) => {
  const settings = { POLICY_TIMEOUT_MS: config.timeout ?? 2_000, POLICY_CACHE_MS: config.cache ?? 5_000 };
  const evaluate = createPolicyHook(where, settings, pino({ level: 'silent' }));
  return async (policies: string[], caller: PolicyCaller) => [...(await evaluate(policies, caller))].sort();
};

describe('the policy hook', () => {
  it('is told who asks for which policies, and what it grants is granted, of what was asked', async () => {
    behave = grant('vip', 'something else');
    const decide = hookAt(url);
    expect(await decide(['staff', 'vip'], { ...user('ada'), headers: { authorization: 'Bearer x' } })).toEqual(['vip']);
    expect(asked).toEqual([
      {
        policies: ['staff', 'vip'],
        identity: user('ada').identity,
        headers: { authorization: 'Bearer x' },
        requestId: 'r1',
      },
    ]);
  });

  it('is asked once for each caller and policy while a decision is fresh, and once for all who ask at a time', async () => {
    behave = ({ policies }, response) => setTimeout(() => grant('vip')({ policies } as Question, response, null!), 20);
    const decide = hookAt(url, { cache: 300 });
    const both = await Promise.all([decide(['staff', 'vip'], user('ada')), decide(['staff', 'vip'], user('ada'))]);
    expect(both).toEqual([['vip'], ['vip']]);
    expect(await decide(['vip'], user('ada'))).toEqual(['vip']);
    expect(asked).toHaveLength(1);
    // What is not known yet is asked for alone, and of another caller nothing is known.
    await decide(['other', 'vip'], user('ada'));
    await decide(['vip'], user('linus'));
    await decide(['vip'], { ...user('ada'), headers: { authorization: 'Bearer y' } });
    expect(asked.slice(1).map(({ policies }) => policies)).toEqual([['other'], ['vip'], ['vip']]);
    await new Promise((resolve) => setTimeout(resolve, 350));
    behave = grant();
    expect(await decide(['vip'], user('ada'))).toEqual([]);
  });

  it('is shown the credentials that its URL has, as basic authorization', async () => {
    let shown: string | undefined;
    behave = (_, response, request) => {
      shown = request.headers.authorization;
      response.end('{"granted":["vip"]}');
    };
    expect(await hookAt(url.replace('http://', 'http://gate:k%40y@'))(['vip'], user('ada'))).toEqual(['vip']);
    expect(shown).toBe(`Basic ${Buffer.from('gate:k@y').toString('base64')}`);
    await hookAt(url)(['vip'], user('ada'));
    expect(shown).toBeUndefined();
  });

  it('is asked each time where nothing is kept', async () => {
    behave = grant('vip');
    const decide = hookAt(url, { cache: 0 });
    for (let i = 0; i < 3; i++) expect(await decide(['vip'], user('ada'))).toEqual(['vip']);
    expect(asked).toHaveLength(3);
  });
});

describe('nothing is granted by a policy hook that', () => {
  const BROKEN: [string, Behaviour][] = [
    ['does not answer in time', () => undefined],
    ['stalls in the middle of its answer', (_, response) => void response.write('{"granted":["vi')],
    ['hangs up', (_, response) => void response.destroy()],
    ['fails', (_, response) => void response.writeHead(500).end('{"granted":["vip"]}')],
    ['sends elsewhere', (_, response) => void response.writeHead(302, { location: url }).end()],
    ['answers with no JSON', (_, response) => void response.end('<html>')],
    ['answers with another shape', (_, response) => void response.end('{"granted":{"vip":true}}')],
    ['answers with no names', (_, response) => void response.end('{"granted":[1]}')],
    ['answers with nothing', (_, response) => void response.end()],
  ];
  it.each(BROKEN)('%s', async (_, behaviour) => {
    behave = behaviour;
    const decide = hookAt(url, { timeout: 1_000 });
    // What does not answer does not answer ever: that there is an end is the time limit's.
    await expect(decide(['vip'], { ...user('ada'), identity: ANONYMOUS })).rejects.toThrow();
    // A failure is not a decision: it is asked again.
    behave = grant('vip');
    expect(await decide(['vip'], { ...user('ada'), identity: ANONYMOUS })).toEqual(['vip']);
  });

  it('is not there', async () => {
    await expect(hookAt('http://127.0.0.1:1/')(['vip'], user('ada'))).rejects.toThrow();
  });

  it('fails again and again, which soon costs no request its time limit, until it is back', async () => {
    behave = () => undefined;
    const decide = hookAt(url, { timeout: 50 });
    for (let i = 0; i < 5; i++) await expect(decide(['vip'], user('ada'))).rejects.toThrow();
    const before = asked.length;
    await expect(decide(['vip'], user('ada'))).rejects.toThrow();
    expect(asked).toHaveLength(before);
    behave = grant('vip');
    await expect.poll(() => decide(['vip'], user('ada')).catch(() => 'down')).toEqual(['vip']);
  });
});
