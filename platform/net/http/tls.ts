import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createServer as createHttpServer, type Server } from 'node:http';
import type { SecureContext } from 'node:tls';
import type { Config } from '../../base/config/config.ts';
import { ConfigError } from '../../base/config/config-error.ts';
import { every } from '../../base/faults/every.ts';
import type { Logger } from '../../base/log/log.ts';

/** The certificate, key and authority by which gateway and subgraphs know one another, as they are at the moment. */
export interface MutualTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
}

/**
 * The authority by which a client of TLS knows the server, and the certificate that it shows, as they are at the
 * moment. What is absent is Node's default.
 */
export interface ClientTls {
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
  readonly ca?: Buffer | undefined;
  /** The name in the server's certificate, where that is not the host's. */
  readonly servername?: string | undefined;
}

/** A file, and the setting that names it. */
export interface TlsFile {
  readonly name: string;
  readonly path: string;
}

export type TlsFiles = { readonly [Part in 'cert' | 'key' | 'ca']: TlsFile | undefined };

/** How often the files are looked at, in milliseconds: a certificate is renewed days before it ends. */
const LOOK_EVERY_MS = 10_000;
/** A certificate that ends sooner is told in the log, in milliseconds. */
export const SOON_MS = 7 * 86_400_000;

/**
 * Reads the files that MTLS_* name; undefined when they are unset. They are read again when they change, so a renewed
 * certificate is used by the next connection without a restart.
 *
 * @throws {Error} in one line when a file cannot be read, certificate and key do not belong together, or the
 * certificate has expired.
 */
export function readMutualTls(
  {
    MTLS_CERT_FILE,
    MTLS_KEY_FILE,
    MTLS_CA_FILE,
  }: Partial<Pick<Config, 'MTLS_CERT_FILE' | 'MTLS_KEY_FILE' | 'MTLS_CA_FILE'>>,
  log?: Logger,
): MutualTls | undefined {
  if (!MTLS_CERT_FILE || !MTLS_KEY_FILE || !MTLS_CA_FILE) return undefined;
  const files = {
    cert: { name: 'MTLS_CERT_FILE', path: MTLS_CERT_FILE },
    key: { name: 'MTLS_KEY_FILE', path: MTLS_KEY_FILE },
    ca: { name: 'MTLS_CA_FILE', path: MTLS_CA_FILE },
  };
  return readTlsFiles(files, log) as MutualTls;
}

/** Reads the files of a certificate, its key and an authority, as far as they are given, and again when they change. */
export const readTlsFiles = (files: TlsFiles, log: Logger | undefined, servername?: string): ClientTls =>
  new RenewedFiles(files, log, servername);

/** The options that Node's TLS takes for a connection. */
export interface ConnectionTls {
  readonly secureContext?: SecureContext;
  readonly servername?: string;
}

/** What a client is where nothing is configured: it trusts the authorities that Node does, and shows no certificate. */
const STRANGER: ClientTls = {};

const contexts = new WeakMap<ClientTls, { readonly of: Contents; readonly context: SecureContext }>();

/**
 * Returns what Node's TLS takes for a connection that is made now, to a URL; nothing where that is not one of TLS.
 * Connections share one context until the certificate is renewed. Node would make one for each: certificate, key and
 * authorities are parsed again, and the 40 KB that they take outside of V8's sight are there until the whole heap is
 * collected, which a quiet process does not do for an hour.
 */
export function connectionOptions({ protocol }: URL, tls: ClientTls = STRANGER): ConnectionTls {
  if (protocol !== 'https:' && protocol !== 'wss:') return {};
  const { cert, key, ca, servername } = tls;
  let kept = contexts.get(tls);
  if (kept === undefined || kept.of.cert !== cert || kept.of.key !== key || kept.of.ca !== ca) {
    const of = { cert, key, ca };
    kept = { of, context: contextOf(of) };
    contexts.set(tls, kept);
  }
  return { secureContext: kept.context, ...(servername !== undefined && { servername }) };
}

const contextOf = ({ cert, key, ca }: Contents): SecureContext =>
  // Not loaded where there is no certificate.
  process
    .getBuiltinModule('node:tls')
    .createSecureContext({ ...(cert && { cert }), ...(key && { key }), ...(ca && { ca }) });

type Contents = { readonly [Part in keyof TlsFiles]: Buffer | undefined };

class RenewedFiles implements ClientTls {
  readonly servername: string | undefined;
  readonly #files: TlsFiles;
  readonly #log: Logger | undefined;
  #now: Contents;
  #version: string;
  #lookedAt = performance.now();

  constructor(files: TlsFiles, log: Logger | undefined, servername: string | undefined) {
    this.servername = servername;
    this.#files = files;
    this.#log = log;
    this.#version = versionOf(files);
    this.#now = read(files, log);
  }

  get cert(): Buffer | undefined {
    return this.#current().cert;
  }
  get key(): Buffer | undefined {
    return this.#current().key;
  }
  get ca(): Buffer | undefined {
    return this.#current().ca;
  }

  #current(): Contents {
    if (performance.now() - this.#lookedAt < LOOK_EVERY_MS) return this.#now;
    this.#lookedAt = performance.now();
    try {
      const version = versionOf(this.#files);
      if (version === this.#version) return this.#now;
      // Of files that are written one after the other the first look may see half: the next one sees the rest.
      this.#now = read(this.#files, this.#log);
      this.#version = version;
      this.#log?.info('the certificate was read again');
    } catch (error) {
      this.#log?.error({ err: error }, 'the changed certificate cannot be used; the earlier one stays');
    }
    return this.#now;
  }
}

const given = (files: TlsFiles): TlsFile[] => Object.values(files).filter((file) => file !== undefined);

const versionOf = (files: TlsFiles): string =>
  given(files)
    .map((file) => statSync(file.path, { throwIfNoEntry: false })?.mtimeMs)
    .join();

function read(files: TlsFiles, log: Logger | undefined): Contents {
  const contentsOf = (file: TlsFile | undefined): Buffer | undefined => {
    if (file === undefined) return undefined;
    try {
      return readFileSync(file.path);
    } catch (error) {
      throw new ConfigError(`${file.name} names ${file.path}, which cannot be read: ${(error as Error).message}`);
    }
  };
  const found = { cert: contentsOf(files.cert), key: contentsOf(files.key), ca: contentsOf(files.ca) };
  try {
    contextOf(found);
  } catch (error) {
    const names = given(files).map(({ name }) => name);
    const all = names.length > 1 ? `${names.slice(0, -1).join(', ')} and ${names.at(-1)}` : names.join();
    throw new ConfigError(`${all} cannot be used${names.length > 1 ? ' together' : ''}: ${(error as Error).message}`);
  }
  if (!found.cert) return found;
  const { validToDate } = new X509Certificate(found.cert);
  const left = validToDate.getTime() - Date.now();
  if (left <= 0)
    throw new ConfigError(
      `${files.cert!.name} names ${files.cert!.path}, which expired on ${validToDate.toISOString()}: renew it.`,
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
  const present = () => ({ cert: tls.cert, key: tls.key, ca: tls.ca });
  // Most processes have plain servers alone, and load no other.
  const server = process
    .getBuiltinModule('node:https')
    .createServer({ ...present(), requestCert: true, rejectUnauthorized: false });
  renewCertificate(server, tls, present);
  return server;
}

/** Gives a server the certificate that the files have now, as long as it is open. */
export function renewCertificate<Context>(
  server: { setSecureContext(context: Context): void; on(event: 'close', listener: () => void): unknown },
  tls: ClientTls,
  present: () => Context,
): void {
  let { cert } = tls;
  const renew = (): void => {
    if (tls.cert === cert) return;
    cert = tls.cert;
    server.setSecureContext(present());
  };
  server.on('close', every(LOOK_EVERY_MS, { where: 'certificate' }, renew));
}
