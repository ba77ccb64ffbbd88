import { utimesSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../base/config/config-error.ts';
import { Authority, HAS_OPENSSL } from './testing/certificates.ts';
import { connectionOptions, createServer, readMutualTls } from './tls.ts';

describe.skipIf(!HAS_OPENSSL)('certificates of mutual TLS (skipped without the openssl command)', () => {
  const authority = HAS_OPENSSL ? new Authority() : undefined!;

  it('that have expired, or do not fit, stop the start with one line', () => {
    // The kind of error of which a command prints the message alone.
    expect(() => readMutualTls(authority.issue('old', -1))).toThrow(ConfigError);
    expect(() => readMutualTls(authority.issue('old', -1))).toThrow(/^MTLS_CERT_FILE names .* expired on 20/);
    const [one, two] = [authority.issue('one'), authority.issue('two')];
    expect(() => readMutualTls({ ...one, MTLS_KEY_FILE: two.MTLS_KEY_FILE })).toThrow(/cannot be used together/);
    expect(() => readMutualTls({ ...one, MTLS_CA_FILE: '/none' })).toThrow(/^MTLS_CA_FILE names \/none/);
    expect(readMutualTls({})).toBeUndefined();
  });

  describe('that are renewed', () => {
    beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval'] }));
    afterEach(() => void vi.useRealTimers());
    /** Beyond the resolution of what the file system notes. */
    const touch = (file: string) => utimesSync(file, new Date(), new Date(Date.now() + 5_000));

    it('are used by the next connection, on both sides; what cannot be used is not', async () => {
      const files = authority.issue('renewed');
      const tls = readMutualTls(files)!;
      const server = createServer(tls);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      const serialSeen = async (): Promise<string> => {
        const socket: TLSSocket = connect({ port, host: '127.0.0.1', ca: tls.ca, servername: 'localhost' });
        await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
        const { serialNumber } = socket.getPeerCertificate();
        socket.destroy();
        return serialNumber;
      };
      const contextNow = () => connectionOptions(new URL('https://localhost'), tls).secureContext;
      const [before, seenBefore, contextBefore] = [tls.cert, await serialSeen(), contextNow()];
      expect(contextNow()).toBe(contextBefore);

      authority.issue('renewed');
      touch(files.MTLS_CERT_FILE);
      await vi.advanceTimersByTimeAsync(25_000);
      expect(tls.cert.equals(before)).toBe(false);
      expect(await serialSeen()).not.toBe(seenBefore);
      expect(contextNow()).not.toBe(contextBefore);

      const good = tls.cert;
      writeFileSync(files.MTLS_CERT_FILE, 'half a certific');
      touch(files.MTLS_CERT_FILE);
      await vi.advanceTimersByTimeAsync(25_000);
      expect(tls.cert.equals(good)).toBe(true);
      await new Promise((resolve) => server.close(resolve));
    });
  });
});
