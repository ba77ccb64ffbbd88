import { afterEach, describe, expect, it, vi } from 'vitest';
import { UrlSigner } from './url-signer.ts';

const SECRET = 'a secret of at least thirty-two characters';
const signer = new UrlSigner([SECRET], 'https://example.org/base');
const upload = {
  subgraph: 'memory',
  method: 'PUT',
  path: '/uploads/42',
  expiresInS: 60,
  maxBytes: 1000,
  contentType: 'text/html; charset=utf-8',
} as const;

/** As the gateway hands it on: the subgraph's own path. */
const request = (url: string, method = 'PUT') => new Request(url.replace('/base/_/memory', ''), { method });

afterEach(() => void vi.useRealTimers());

describe('a signed URL', () => {
  it('allows what was signed, in any process that has the secret', () => {
    const { url, headers, expiresAt } = signer.sign(upload);
    expect(url).toMatch(/^https:\/\/example\.org\/base\/_\/memory\/uploads\/42\?/);
    expect(headers).toEqual({ 'content-type': 'text/html; charset=utf-8' });
    const other = new UrlSigner([SECRET], 'http://elsewhere');
    expect(other.verify('memory', request(url))).toEqual({
      subgraph: 'memory',
      method: 'PUT',
      path: '/uploads/42',
      maxBytes: 1000,
      contentType: 'text/html; charset=utf-8',
      fileName: undefined,
      expiresAt,
    });
  });

  it('a download may be asked for with HEAD too', () => {
    const { url } = signer.sign({
      subgraph: 'memory',
      method: 'GET',
      path: '/f',
      expiresInS: 60,
      fileName: 'ä "b".pdf',
    });
    expect(signer.verify('memory', request(url, 'HEAD')).fileName).toBe('ä "b".pdf');
  });

  it('ends', () => {
    vi.useFakeTimers();
    const { url } = signer.sign(upload);
    vi.advanceTimersByTime(59_000);
    expect(() => signer.verify('memory', request(url))).not.toThrow();
    vi.advanceTimersByTime(2_000);
    expect(() => signer.verify('memory', request(url))).toThrow(/expired/);
  });

  it.each([
    ['another path', (url: string) => url.replace('/42', '/43')],
    ['a later end', (url: string) => url.replace(/expires=\d+/, `expires=${Date.now()}`)],
    ['no end', (url: string) => url.replace(/expires=\d+&/, '')],
    ['a larger size', (url: string) => url.replace('max=1000', 'max=10000')],
    ['no size', (url: string) => url.replace('max=1000&', '')],
    ['another type', (url: string) => url.replace('html', 'plain')],
    ['no signature', (url: string) => url.replace(/signature=.*$/, '')],
    ['a short signature', (url: string) => url.slice(0, -4)],
  ])('does not allow %s', (_, tamper) => {
    const { url } = signer.sign(upload);
    const changed = tamper(url);
    expect(changed).not.toBe(url);
    expect(() => signer.verify('memory', request(changed))).toThrow(expect.objectContaining({ code: 'FORBIDDEN' }));
  });

  it('does not allow another method, subgraph or installation', () => {
    const { url } = signer.sign(upload);
    const refused = expect.objectContaining({ code: 'FORBIDDEN' });
    expect(() => signer.verify('memory', request(url, 'GET'))).toThrow(refused);
    expect(() => signer.verify('memory', request(url, 'DELETE'))).toThrow(refused);
    expect(() => signer.verify('vision', request(url))).toThrow(refused);
    const stranger = new UrlSigner(['another secret of thirty-two characters'], 'https://example.org');
    expect(() => stranger.verify('memory', request(url))).toThrow(refused);
  });

  it('is good under the secret before, and signed by the present one', () => {
    const next = 'another secret of thirty-two characters';
    const both = new UrlSigner([next, SECRET], 'https://example.org/base');
    expect(both.verify('memory', request(signer.sign(upload).url))).toMatchObject({ path: upload.path });
    expect(() => signer.verify('memory', request(both.sign(upload).url))).toThrow();
  });

  it('does not live longer than a week', () => {
    expect(() => signer.sign({ ...upload, expiresInS: 8 * 86_400 })).toThrow(RangeError);
    expect(() => signer.sign({ ...upload, expiresInS: 0 })).toThrow(RangeError);
  });
});
