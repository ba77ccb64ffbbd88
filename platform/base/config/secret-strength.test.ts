import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { isWeakSecret } from './secret-strength.ts';

describe('a secret', () => {
  it.each([
    'a'.repeat(32),
    'a'.repeat(1_000),
    'ab'.repeat(20),
    `${'0'.repeat(31)}1`,
    'secretsecretsecretsecretsecretsecret',
    'my secret my secret my secret my secret',
    '12345678901234567890123456789012',
    '01234567890123456789012345678901234567890123456789',
    'abcdefghijklmnopqrstuvwxyz0123456789',
    'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    'zyxwvutsrqponmlkjihgfedcba9876543210',
    'change-me-to-32-random-characters-please',
    'changeme-Zq8vN2xLwR7tB4mKc9Hd1Yf6',
    'your-256-bit-secret-goes-here-please',
    'your_secret_key_that_is_long_enough!',
    'passwordpasswordpasswordpassword',
    'qwertyuiopasdfghjklzxcvbnm1234567890',
    'deadbeefdeadbeefdeadbeefdeadbeef',
    '00112233445566778899aabbccddeeff',
  ])('that is typed is weak: %s', (secret) => {
    expect(isWeakSecret(secret)).toBe(true);
  });

  it.each([
    ['openssl rand -hex 16', 16, 'hex'],
    ['openssl rand -hex 32', 32, 'hex'],
    ['openssl rand -base64 24', 24, 'base64'],
    ['openssl rand -base64 32', 32, 'base64'],
    ['what the first start makes', 32, 'base64url'],
  ] as const)('of chance is not: %s', (_what, bytes, encoding) => {
    for (let index = 0; index < 2_000; index++) {
      const secret = randomBytes(bytes).toString(encoding);
      expect(isWeakSecret(secret), secret).toBe(false);
    }
  });

  it('of many words is not', () => {
    expect(isWeakSecret('a secret of 44 characters, made for this test')).toBe(false);
    expect(isWeakSecret('correct horse battery staple, twice around')).toBe(false);
  });
});
