import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import type { Config } from '../../base/config/config.ts';
import { guarded } from '../../base/faults/guarded.ts';
import type { Logger } from '../../base/log/log.ts';

/** The certificate, key and authority by which gateway and subgraphs know one another, as they are at the moment. */
export interface MutualTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

type Files = Partial<Pick<Config, 'MTLS_CERT_FILE' | 'MTLS_KEY_FILE' | 'MTLS_CA_FILE'>>;
type Paths = Required<Files> & { readonly [Name in keyof Files]-?: string };

/** How often the files are looked at, in milliseconds: a certificate is renewed days before it ends. */
const LOOK_EVERY_MS = 10_000;
/** A certificate that ends sooner is told in the log, in milliseconds. */
const SOON_MS = 7 * 86_400_000;

/**
 * Reads the files that MTLS_* name; undefined when they are unset. They are read again when they change, so a renewed
 * certificate is used by the next connection without a restart.
 *
 * @throws {Error} in one line when a file cannot be read, certificate and key do not belong together, or the
 * certificate has expired.
 */
export function readMutualTls(config: Files, log?: Logger): MutualTls | undefined {
  const { MTLS_CERT_FILE, MTLS_KEY_FILE, MTLS_CA_FILE } = config;
  if (!MTLS_CERT_FILE || !MTLS_KEY_FILE || !MTLS_CA_FILE) return undefined;
  return new RenewedFiles({ MTLS_CERT_FILE, MTLS_KEY_FILE, MTLS_CA_FILE }, log);
}

class RenewedFiles implements MutualTls {
  readonly #paths: Paths;
  readonly #log: Logger | undefined;
  #now: MutualTls;
  #version: string;
  #lookedAt = performance.now();

  constructor(paths: Paths, log: Logger | undefined) {
    this.#paths = paths;
    this.#log = log;
    this.#version = versionOf(paths);
    this.#now = read(paths, log);
  }

  get cert(): Buffer {
    return this.#current().cert;
  }
  get key(): Buffer {
    return this.#current().key;
  }
  get ca(): Buffer {
    return this.#current().ca;
  }

  #current(): MutualTls {
    if (performance.now() - this.#lookedAt < LOOK_EVERY_MS) return this.#now;
    this.#lookedAt = performance.now();
    try {
      const version = versionOf(this.#paths);
      if (version === this.#version) return this.#now;
      // Of files that are written one after the other the first look may see half: the next one sees the rest.
      this.#now = read(this.#paths, this.#log);
      this.#version = version;
      this.#log?.info('the certificate was read again');
    } catch (error) {
      this.#log?.error({ err: error }, 'the changed certificate cannot be used; the earlier one stays');
    }
    return this.#now;
  }
}

const versionOf = (paths: Paths): string =>
  Object.values(paths)
    .map((file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs)
    .join();

function read(paths: Paths, log: Logger | undefined): MutualTls {
  const fileOf = (variable: keyof Paths): Buffer => {
    try {
      return readFileSync(paths[variable]);
    } catch (error) {
      throw new Error(`${variable} names ${paths[variable]}, which cannot be read: ${(error as Error).message}`);
    }
  };
  const found = { cert: fileOf('MTLS_CERT_FILE'), key: fileOf('MTLS_KEY_FILE'), ca: fileOf('MTLS_CA_FILE') };
  try {
    createSecureContext(found);
  } catch (error) {
    throw new Error(
      `MTLS_CERT_FILE, MTLS_KEY_FILE and MTLS_CA_FILE cannot be used together: ${(error as Error).message}`,
    );
  }
  const { validToDate } = new X509Certificate(found.cert);
  const left = validToDate.getTime() - Date.now();
  if (left <= 0)
    throw new Error(
      `MTLS_CERT_FILE names ${paths.MTLS_CERT_FILE}, which expired on ${validToDate.toISOString()}: renew it.`,
    );
  if (left < SOON_MS) log?.warn({ expiresAt: validToDate.toISOString() }, 'the certificate expires soon');
  return found;
}

/**
 * Creates a plain server, or one that asks for the other side's certificate. Whether it was a good one is in
 * `request.socket.authorized`: health probes come without.
 */
export function createServer(tls: MutualTls | undefined): Server {
  if (tls === undefined) return createHttpServer();
  let { cert } = tls;
  const present = () => ({ cert: tls.cert, key: tls.key, ca: tls.ca });
  const server = createHttpsServer({ ...present(), requestCert: true, rejectUnauthorized: false });
  const renew = (): void => {
    if (tls.cert === cert) return;
    cert = tls.cert;
    server.setSecureContext(present());
  };
  const timer = setInterval(guarded({ where: 'certificate' }, renew), LOOK_EVERY_MS).unref();
  server.on('close', () => clearInterval(timer));
  return server;
}
