import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { Gauge, type Registry } from 'prom-client';
import type { Config } from '../../base/config/config.ts';
import { every } from '../../base/faults/every.ts';
import type { Logger } from '../../base/log/log.ts';
import { SOON_MS } from './tls.ts';

const SETTINGS = ['TLS_CERT_FILE', 'MTLS_CERT_FILE', 'MTLS_CA_FILE'] as const;

/** The end of the certificates in a file that a setting names: of the first that ends. */
export interface CertificateEnd {
  readonly setting: (typeof SETTINGS)[number];
  readonly path: string;
  readonly expiresAt: Date;
}

const TELL_EVERY_MS = 86_400_000;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Reads when the certificates end that the settings of a process name. A file that cannot be read now is left out: what
 * uses it says why.
 */
export async function certificateEnds(config: Pick<Config, (typeof SETTINGS)[number]>): Promise<CertificateEnd[]> {
  const ends = SETTINGS.map(async (setting): Promise<CertificateEnd[]> => {
    const path = config[setting];
    if (path === undefined) return [];
    try {
      const ends = [...(await readFile(path, 'utf8')).matchAll(PEM)].map(
        ([pem]) => new X509Certificate(pem).validToDate,
      );
      const first = ends.toSorted((one, other) => one.getTime() - other.getTime())[0];
      return first === undefined ? [] : [{ setting, path, expiresAt: first }];
    } catch {
      return [];
    }
  });
  return (await Promise.all(ends)).flat();
}

/** Tells whether a certificate has ended or does so within a week. */
export const endsSoon = ({ expiresAt }: CertificateEnd): boolean => expiresAt.getTime() - Date.now() < SOON_MS;

/**
 * Tells when the certificates of a process end, in its metrics and, from a week before, every day in its log: a process
 * runs for longer than its certificates do.
 *
 * @returns how to stop.
 */
export function watchCertificates(config: Config, metrics: Registry, log: Logger): () => void {
  void new Gauge({
    name: 'sextant_certificate_expiry_timestamp_seconds',
    help: 'When the first certificate ends of the file that a setting names, in Unix time.',
    labelNames: ['setting'],
    // Of several workers: of the one that has not read the renewed file.
    aggregator: 'min',
    registers: [metrics],
    async collect() {
      this.reset();
      for (const { setting, expiresAt } of await certificateEnds(config))
        this.set({ setting }, expiresAt.getTime() / 1_000);
    },
  });
  return every(TELL_EVERY_MS, { where: 'certificates', log }, async () => {
    for (const { setting, expiresAt } of (await certificateEnds(config)).filter(endsSoon))
      log.warn({ setting, expiresAt: expiresAt.toISOString() }, 'a certificate has expired or does so within a week');
  });
}
