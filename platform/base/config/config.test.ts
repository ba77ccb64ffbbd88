import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from './config.ts';
import { ConfigError } from './config-error.ts';

const refusal = (env: Record<string, string>) => {
  try {
    loadConfig(env, '/srv');
  } catch (error) {
    if (error instanceof ConfigError) return error.message;
    throw error;
  }
  return 'accepted';
};

describe('configuration', () => {
  it('needs nothing: every setting has a default', () => {
    const config = loadConfig({}, '/srv');
    expect(config).toMatchObject({ PORT: 4000, dataDir: '/srv/.sextant', publicUrl: 'http://localhost:4000' });
    expect(config.redisUrl).toBeUndefined();
  });

  it('knows the memory of the process: what it is told, or what there is', () => {
    expect(loadConfig({ MEMORY_MB: '512' }, '/srv').memoryMb).toBe(512);
    expect(loadConfig({}, '/srv').memoryMb).toBeGreaterThan(0);
    expect(refusal({ MEMORY_MB: '64' })).toBe('MEMORY_MB is "64"; allowed: a whole number from 128 to 1048576.');
  });

  it('keeps nothing in its own folder where that is a package: an update or npm itself would delete it', () => {
    const root = '/home/ada/.npm/_npx/1f/node_modules/sextant';
    expect(loadConfig({}, root)).toMatchObject({ root, home: process.cwd(), dataDir: path.resolve('.sextant') });
    expect(loadConfig({}, '/srv')).toMatchObject({ root: '/srv', home: '/srv' });
  });

  it('says in one line what is wrong, what was given and what is allowed', () => {
    expect(refusal({ PORT: 'abc' })).toBe('PORT is "abc"; allowed: a whole number from 0 to 65535.');
    expect(refusal({ LOG_LEVEL: 'loud' })).toContain('LOG_LEVEL is "loud"; allowed: trace, debug');
    expect(refusal({ DATABASE_URL: 'mysql://root:hunter2@db' })).not.toContain('hunter2');
  });

  it('takes no secret in production that can be guessed, and says so without repeating it', () => {
    const weak = { NODE_ENV: 'production', JWT_SECRET: 'a'.repeat(40) };
    expect(refusal(weak)).toMatch(/^JWT_SECRET is easy to guess: [^\n]*openssl rand -hex 32[^\n]*$/);
    expect(refusal(weak)).not.toContain('aaaa');
    expect(refusal({ ...weak, NODE_ENV: 'development' })).toBe('accepted');
    expect(refusal({ ...weak, JWT_SECRET: '61c1f7d0e24b5c93a8f0d6b7e4a91c35' })).toBe('accepted');
  });

  it('names every wrong variable at once', () => {
    expect(refusal({ PORT: '-1', LOG_FORMAT: 'xml' }).split('\n')).toHaveLength(2);
  });

  it('counts an empty variable as unset, as compose files write it', () => {
    expect(loadConfig({ PORT: '', REDIS_URL: '' }, '/srv').PORT).toBe(4000);
  });

  it('keeps the names that operators of the original system have in their files', () => {
    const config = loadConfig({ REDIS_ADDR: 'cache:6379', VECTOR_DB_ENDPOINT: 'http://weaviate:8080' }, '/srv');
    expect(config.redisUrl).toBe('redis://cache:6379');
    expect(config.weaviateUrl).toBe('http://weaviate:8080');
    expect(loadConfig({ CORS_ORIGINS: 'https://a.example, https://b.example' }, '/srv').CORS_ORIGINS).toHaveLength(2);
  });

  it('refuses half of a pair', () => {
    expect(refusal({ ADMIN_EMAIL: 'a@example.org' })).toContain('belong together');
    expect(refusal({ MTLS_CERT_FILE: 'cert.pem' })).toContain('set all three');
  });
});
