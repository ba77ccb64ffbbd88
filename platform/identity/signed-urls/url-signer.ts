import { createHmac, timingSafeEqual } from 'node:crypto';
import { CodedError, forbidden } from '../../base/errors/errors.ts';

/**
 * The right that a signed URL gives: one method on one path of one subgraph, for a while. A holder of the URL may use
 * it, with no other credentials; that is its purpose, so keep its life short.
 */
export interface Grant {
  readonly subgraph: string;
  readonly method: 'GET' | 'PUT';
  /** The subgraph's own path, as in its Route, e.g. `/uploads/0192…`: it names exactly one thing. */
  readonly path: string;
  readonly expiresAt: Date;
  /** For PUT: most bytes that may be sent. */
  readonly maxBytes?: number | undefined;
  /** For PUT: the media type that must be sent. For GET: what the answer is served as. */
  readonly contentType?: string | undefined;
  /** For GET: the name under which a browser saves it. */
  readonly fileName?: string | undefined;
}

/** A grant to be: `expiresInS` seconds from now, 1 to 7 days. */
export interface GrantRequest extends Omit<Grant, 'expiresAt'> {
  readonly expiresInS: number;
}

export interface SignedUrl {
  readonly url: string;
  readonly expiresAt: Date;
  /** Headers that the client must send with it. */
  readonly headers: Readonly<Record<string, string>>;
}

/** Longest life of a signed URL, in seconds. */
export const MAX_GRANT_S = 7 * 86_400;

/**
 * The signer of URLs, which checks them again. Every process with the same secret accepts what another has signed.
 *
 * The URL is `<publicUrl>/_/<subgraph><path>?expires=…&max=…&type=…&name=…&signature=…`: readable, and each part of it
 * is under the signature (HMAC-SHA-256), as are method and subgraph. The idea is S3's presigned requests, less their
 * canonicalisation.
 */
export class UrlSigner {
  /** The first one signs; what any of them has signed is accepted. */
  readonly #keys: readonly Buffer[];
  readonly #publicUrl: string;

  /**
   * @param secrets of the installation, at least 32 characters each; the first one signs, all are accepted.
   * @param publicUrl of the gateway, without a trailing slash.
   */
  constructor(secrets: readonly string[], publicUrl: string) {
    this.#keys = secrets.map((secret) => createHmac('sha256', secret).update('sextant signed urls').digest());
    this.#publicUrl = publicUrl;
  }

  sign(request: GrantRequest): SignedUrl {
    const { expiresInS, ...rest } = request;
    if (!(expiresInS >= 1 && expiresInS <= MAX_GRANT_S)) throw new RangeError(`expiresInS is ${expiresInS}`);
    const expires = Math.ceil(Date.now() / 1000 + expiresInS);
    const grant: Grant = { ...rest, expiresAt: new Date(expires * 1000) };
    const url = new URL(`${this.#publicUrl}/_/${grant.subgraph}${grant.path}`);
    url.searchParams.set('expires', String(expires));
    if (grant.maxBytes !== undefined) url.searchParams.set('max', String(grant.maxBytes));
    if (grant.contentType !== undefined) url.searchParams.set('type', grant.contentType);
    if (grant.fileName !== undefined) url.searchParams.set('name', grant.fileName);
    url.searchParams.set('signature', signatureOf(this.#keys[0]!, grant));
    return {
      url: url.href,
      expiresAt: grant.expiresAt,
      headers: grant.method === 'PUT' && grant.contentType !== undefined ? { 'content-type': grant.contentType } : {},
    };
  }

  /**
   * What the URL of a request allows.
   *
   * @param request as a Route gets it: with the subgraph's own path.
   * @throws {CodedError} FORBIDDEN when the signature is missing, wrong or expired, or the request differs from the
   * grant.
   */
  verify(subgraph: string, request: Request): Grant {
    const { pathname, searchParams } = new URL(request.url);
    const expires = Number(searchParams.get('expires') ?? Number.NaN);
    const max = searchParams.get('max');
    const method = request.method === 'HEAD' ? 'GET' : request.method;
    if ((method !== 'GET' && method !== 'PUT') || !Number.isSafeInteger(expires)) throw refused();
    const grant: Grant = {
      subgraph,
      method,
      path: pathname,
      expiresAt: new Date(expires * 1000),
      maxBytes: max === null ? undefined : Number(max),
      contentType: searchParams.get('type') ?? undefined,
      fileName: searchParams.get('name') ?? undefined,
    };
    const given = Buffer.from(searchParams.get('signature') ?? '', 'base64url');
    if (!this.#keys.some((key) => isSame(given, Buffer.from(signatureOf(key, grant), 'base64url')))) throw refused();
    if (grant.expiresAt.getTime() <= Date.now())
      throw new CodedError('FORBIDDEN', 'This link has expired: ask for a new one.', { expired: true });
    return grant;
  }
}

function signatureOf(key: Buffer, grant: Grant): string {
  // JSON keeps the parts apart whatever is in them.
  const signed = JSON.stringify([
    grant.subgraph,
    grant.method,
    grant.path,
    grant.expiresAt.getTime(),
    grant.maxBytes ?? null,
    grant.contentType ?? null,
    grant.fileName ?? null,
  ]);
  return createHmac('sha256', key).update(signed).digest('base64url');
}

const isSame = (given: Buffer, wanted: Buffer): boolean =>
  given.length === wanted.length && timingSafeEqual(given, wanted);

const refused = () => forbidden('This link is not valid: its signature does not match what was asked for.');
