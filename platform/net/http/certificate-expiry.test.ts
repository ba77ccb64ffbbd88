import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { loadConfig } from '../../base/config/config.ts';
import { certificateEnds, watchCertificates } from './certificate-expiry.ts';
import { Authority, HAS_OPENSSL } from './testing/certificates.ts';

const DAY_S = 86_400;

describe.skipIf(!HAS_OPENSSL)('the end of certificates (skipped without the openssl command)', () => {
  const authority = HAS_OPENSSL ? new Authority() : undefined!;
  const daysLeft = (page: string, setting: string): number => {
    const [, seconds] = new RegExp(`${setting}"[^}]*} (\\d+)`).exec(page) ?? [];
    return Math.round((Number(seconds) - Date.now() / 1_000) / DAY_S);
  };

  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
  afterEach(() => void vi.useRealTimers());

  it('is in the metrics, of a renewed file too, and in the log once a day in its last week', async () => {
    const config = loadConfig(authority.issue('watched', 30));
    const metrics = new Registry();
    const lines: string[] = [];
    const log = pino(new Writable({ write: (line, _, done) => done(void lines.push(String(line))) }));
    onTestFinished(watchCertificates(config, metrics, log));
    expect(daysLeft(await metrics.metrics(), 'MTLS_CERT_FILE')).toBe(30);
    // The authority of this test lasts for two days: without it nothing that it has signed is believed.
    expect(daysLeft(await metrics.metrics(), 'MTLS_CA_FILE')).toBe(2);
    expect(await metrics.metrics()).not.toContain('"TLS_CERT_FILE"');
    vi.advanceTimersByTime(DAY_S * 1_000);
    await vi.waitFor(() => expect(lines).toHaveLength(1));
    expect(lines[0]).toContain('MTLS_CA_FILE');

    authority.issue('watched', 5);
    expect(daysLeft(await metrics.metrics(), 'MTLS_CERT_FILE')).toBe(5);
    vi.advanceTimersByTime(DAY_S * 1_000);
    await vi.waitFor(() => expect(lines).toHaveLength(3));
    expect(lines[1]).toContain('MTLS_CERT_FILE');
  });

  it('is that of the first of several in a file; a file that is away is left out', async () => {
    const files = authority.issue('several', 30);
    appendFileSync(files.MTLS_CERT_FILE, readFileSync(authority.issue('old', -1).MTLS_CERT_FILE));
    const [cert] = await certificateEnds(loadConfig(files));
    expect(cert!.setting).toBe('MTLS_CERT_FILE');
    expect(cert!.expiresAt.getTime()).toBeLessThan(Date.now());
    rmSync(files.MTLS_CERT_FILE);
    expect((await certificateEnds(loadConfig(files))).map(({ setting }) => setting)).toEqual(['MTLS_CA_FILE']);
  });
});
