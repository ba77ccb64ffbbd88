import { pino } from 'pino';
import { expect, it } from 'vitest';
import { JwksAuthenticator } from './jwks-authenticator.ts';

// Nothing listens there: what is said is said before the keys are asked for.
const authenticator = new JwksAuthenticator(
  { issuers: [{ jwks: 'http://127.0.0.1:1/jwks.json', issuer: 'https://issuer.test' }] },
  pino({ level: 'silent' }),
);
const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const claims = { iss: 'https://elsewhere.test', sub: 'ann' };

it.each([
  [
    'longer than any header is',
    `${part({ alg: 'ES256' })}.${part({ ...claims, x: 'y'.repeat(20_000) })}.s`,
    /16384 char/,
  ],
  ['not a token', 'a.b.c', /not a JWT/],
  ['encrypted', `${part({ alg: 'dir', enc: 'A256GCM' })}.a.b.c.d`, /not a JWT/],
  ['of an unknown issuer', `${part({ alg: 'ES256' })}.${part(claims)}.s`, /issuer that this gateway does not know/],
])('a credential that is %s is refused before keys are asked for', async (_, token, message) => {
  await expect(authenticator.authenticate({ authorization: token })).rejects.toThrow(message);
});
