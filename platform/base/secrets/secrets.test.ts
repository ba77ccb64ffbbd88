import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { loadSecrets, secretsOf } from './secrets.ts';

const directories: string[] = [];
const directory = () => {
  const made = mkdtempSync(path.join(tmpdir(), 'sextant-secrets-'));
  directories.push(made);
  return made;
};
afterEach(() => {
  for (const made of directories.splice(0)) rmSync(made, { recursive: true, force: true });
});
const embedded = (dataDir: string) => ({
  JWT_SECRET: undefined,
  JWT_SECRET_PREVIOUS: undefined,
  DATABASE_URL: undefined,
  dataDir,
});

describe('secrets', () => {
  it('opens what it sealed, and nothing that was changed, meant for another purpose or sealed by another', () => {
    const secrets = secretsOf('a'.repeat(40));
    const sealed = secrets.seal('signing keys', 'private');
    expect(secrets.open('signing keys', sealed)).toBe('private');
    expect(() => secrets.open('mail', sealed)).toThrow();
    expect(() => secretsOf('b'.repeat(40)).open('signing keys', sealed)).toThrow();
    const changed = Buffer.from(sealed, 'base64url');
    changed[changed.length - 1]! ^= 1;
    expect(() => secrets.open('signing keys', changed.toString('base64url'))).toThrow();
    expect(() => secrets.open('signing keys', 'short')).toThrow();
  });

  it('opens what the secret before has sealed, seals with the present one, and tells which is which', () => {
    const [before, after] = [secretsOf('a'.repeat(40)), secretsOf('b'.repeat(40), 'a'.repeat(40))];
    const sealed = before.seal('mail', 'private');
    expect(after.open('mail', sealed)).toBe('private');
    expect(after.isPresent('mail', sealed)).toBe(false);
    const again = after.seal('mail', 'private');
    expect(after.isPresent('mail', again)).toBe(true);
    expect(() => before.open('mail', again)).toThrow();
    expect(after.deriveAll('x')).toEqual([secretsOf('b'.repeat(40)).derive('x'), before.derive('x')]);
  });

  it('never seals the same text to the same bytes', () => {
    const secrets = secretsOf('a'.repeat(40));
    expect(secrets.seal('mail', 'x')).not.toBe(secrets.seal('mail', 'x'));
  });

  it('makes a secret at the first start, for the owner alone, and finds it again', () => {
    const dataDir = path.join(directory(), 'nested');
    const first = loadSecrets(embedded(dataDir)).derive('x');
    expect(statSync(path.join(dataDir, 'secret')).mode & 0o777).toBe(0o600);
    expect(loadSecrets(embedded(dataDir)).derive('x')).toEqual(first);
    expect(loadSecrets(embedded(directory())).derive('x')).not.toEqual(first);
  });

  it('refuses to guess when processes are separate, and a damaged file', () => {
    const config = { ...embedded(directory()), DATABASE_URL: 'postgresql://db' };
    expect(() => loadSecrets(config)).toThrow('JWT_SECRET is not set');
    const dataDir = directory();
    writeFileSync(path.join(dataDir, 'secret'), 'short');
    expect(() => loadSecrets(embedded(dataDir))).toThrow('damaged');
  });
});
