import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadConfig } from './config.ts';
import { withSecretFiles } from './secret-files.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'secrets-'));
afterAll(() => rmSync(folder, { recursive: true }));
const file = (name: string, content: string): string => {
  const at = path.join(folder, name);
  writeFileSync(at, content);
  return at;
};

describe('a secret in a file', () => {
  const secret = '61c1f7d0e24b5c93a8f0d6b7e4a91c35';

  it('is read for every setting that is a secret, without the line break that editors add', () => {
    const config = loadConfig({
      JWT_SECRET_FILE: file('jwt', `${secret}\n`),
      DATABASE_URL_FILE: file('database', 'postgresql://a@b/c'),
      OPENAI_API_KEY_FILE: file('openai', 'sk-1\r\n'),
    });
    expect(config).toMatchObject({ JWT_SECRET: secret, DATABASE_URL: 'postgresql://a@b/c', OPENAI_API_KEY: 'sk-1' });
  });

  it('is read for what llm.yaml names, which is not a setting', () => {
    expect(withSecretFiles({ MISTRAL_API_KEY_FILE: file('mistral', 'key') })).toMatchObject({ MISTRAL_API_KEY: 'key' });
  });

  it('is checked as a value of the environment is, and not repeated', () => {
    const load = () => loadConfig({ JWT_SECRET_FILE: file('short', 'short-secret') });
    expect(load).toThrow('JWT_SECRET is a value that is not repeated here; allowed: at least 32 characters.');
  });

  it.each([
    ['given both ways', { JWT_SECRET: secret, JWT_SECRET_FILE: file('both', secret) }, 'are both set'],
    ['not there', { JWT_SECRET_FILE: path.join(folder, 'none') }, /JWT_SECRET_FILE is ".*none", .*ENOENT/],
    ['a folder', { JWT_SECRET_FILE: folder }, /JWT_SECRET_FILE .*EISDIR/],
    ['empty', { JWT_SECRET_FILE: file('empty', '\n') }, 'which is empty'],
  ])('stops the start when it is %s', (_, env, message) => {
    expect(() => loadConfig(env)).toThrow(message);
  });

  it('is for secrets alone: other names that end in _FILE are what they say', () => {
    const given = { SUPERGRAPH_FILE: 'supergraph.yaml', MTLS_KEY_FILE: 'key.pem', PORT_FILE: '/none' };
    expect(withSecretFiles(given)).toEqual(given);
  });
});
