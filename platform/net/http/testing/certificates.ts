import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const HAS_OPENSSL = spawnSync('openssl', ['version']).status === 0;

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** An authority of its own, made for each run: certificates in a repository expire. */
export class Authority {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'mtls-'));

  constructor() {
    const subject = ['-days', '2', '-subj', '/CN=authority'];
    this.#openssl('req', '-x509', ...NEW_KEY, '-keyout', this.#at('ca.key'), '-out', this.#at('ca.pem'), ...subject);
    writeFileSync(this.#at('ext'), 'subjectAltName=DNS:localhost,IP:127.0.0.1');
  }

  /**
   * Makes a certificate and its key, in the place of those of the same name.
   *
   * @param days that it is valid from now on; a negative number: it has expired.
   */
  issue(name = 'one', days = 2): { MTLS_CERT_FILE: string; MTLS_KEY_FILE: string; MTLS_CA_FILE: string } {
    const [key, request, certificate] = [`${name}.key`, `${name}.csr`, `${name}.pem`].map((file) => this.#at(file));
    this.#openssl('req', ...NEW_KEY, '-keyout', key!, '-out', request!, '-subj', '/CN=localhost');
    const signer = ['-CA', this.#at('ca.pem'), '-CAkey', this.#at('ca.key'), '-CAcreateserial'];
    const end = ['-days', String(days), '-extfile', this.#at('ext')];
    this.#openssl('x509', '-req', '-in', request!, ...signer, '-out', certificate!, ...end);
    return { MTLS_CERT_FILE: certificate!, MTLS_KEY_FILE: key!, MTLS_CA_FILE: this.#at('ca.pem') };
  }

  #at(name: string): string {
    return path.join(this.folder, name);
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'pipe' });
  }
}
