import { expect, it } from 'vitest';
import { digestOf, randomToken } from './tokens.ts';

it('a token is another one each time, and its digest the same each time', () => {
  const [one, two] = [randomToken(), randomToken()];
  expect(one).toMatch(/^[\w-]{43}$/);
  expect(one).not.toBe(two);
  expect(digestOf('abc')).toBe('ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
});
