import { readFileSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { Config } from '../../base/config/config.ts';

/** The certificate, key and authority by which gateway and subgraphs know one another. */
export interface MutualTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

type Files = Partial<Pick<Config, 'MTLS_CERT_FILE' | 'MTLS_KEY_FILE' | 'MTLS_CA_FILE'>>;

/** Reads the files that MTLS_* name; undefined when they are unset. */
export function readMutualTls(config: Files): MutualTls | undefined {
  const { MTLS_CERT_FILE, MTLS_KEY_FILE, MTLS_CA_FILE } = config;
  if (!MTLS_CERT_FILE || !MTLS_KEY_FILE || !MTLS_CA_FILE) return undefined;
  const read = (variable: string, file: string): Buffer => {
    try {
      return readFileSync(file);
    } catch (error) {
      throw new Error(`${variable} names ${file}, which cannot be read: ${(error as Error).message}`);
    }
  };
  return {
    cert: read('MTLS_CERT_FILE', MTLS_CERT_FILE),
    key: read('MTLS_KEY_FILE', MTLS_KEY_FILE),
    ca: read('MTLS_CA_FILE', MTLS_CA_FILE),
  };
}

/**
 * Creates a plain server, or one that asks for the other side's certificate. Whether it was a good one is in
 * `request.socket.authorized`: health probes come without.
 */
export function createServer(tls: MutualTls | undefined): Server {
  return tls ? createHttpsServer({ ...tls, requestCert: true, rejectUnauthorized: false }) : createHttpServer();
}
