import { decodeJwt, errors, type JWTPayload, type JWTVerifyGetKey, type JWTVerifyOptions, jwtVerify } from 'jose';
import { CodedError, unauthenticated } from '#platform/base/errors/errors.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { recentlyUsed } from '#platform/base/recently-used.ts';
import type { Authenticator, Credentials } from '#platform/identity/authenticator.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import {
  FalseCredentials,
  FalseCredentialsError,
  type FalseCredentialsOptions,
} from '#platform/identity/false-credentials.ts';
import { ANONYMOUS, type Identity, type UserIdentity } from '#platform/identity/identity.ts';
import { Watchers } from '#platform/identity/watchers.ts';
import type { Authentication } from '../settings/gateway-file.ts';
import { createIssuerKeys, isAboutToken, KEYS } from './issuer-keys.ts';

const CLOCK_TOLERANCE_S = 5;
const MAX_KNOWN = 20_000;
/** Characters of a token: as many as all headers have bytes. The payload of `connection_init` may hold far more. */
const MAX_TOKEN = 16_384;
/** None with a shared secret: the gateway could sign what it verifies. */
const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

interface Issuer {
  readonly issuer: string | undefined;
  verify(token: string): Promise<JWTPayload>;
}

/**
 * A verifier of the tokens of other issuers: JWTs, signed with a key of the issuer's JWKS (RFC 7517), for a gateway
 * whose users sign in elsewhere. Roles, scopes and the user come from claims that gateway.yaml names.
 */
export class JwksAuthenticator implements Authenticator {
  readonly required: boolean;
  readonly #settings: Authentication;
  readonly #log: Logger;
  readonly #false: FalseCredentials;
  readonly #issuers: readonly Issuer[];
  /** No longer than the keys that have verified them: an issuer may have withdrawn one. */
  readonly #known = recentlyUsed<UserIdentity>(MAX_KNOWN, { ttl: KEYS.cacheMaxAge });
  readonly #claims = new WeakMap<Identity, JWTPayload>();
  readonly #watchers = new Watchers();

  constructor(settings: Authentication, log: Logger, falseCredentials?: FalseCredentialsOptions) {
    this.#false = new FalseCredentials(falseCredentials);
    this.#settings = settings;
    this.#log = log;
    this.required = settings.required ?? false;
    this.#issuers = settings.issuers.map(({ jwks, issuer, audience, algorithms = ALGORITHMS }) => {
      const keys = createIssuerKeys(new URL(jwks), log);
      const demands = { issuer, audience, algorithms, clockTolerance: CLOCK_TOLERANCE_S, requiredClaims: ['exp'] };
      return { issuer, verify: (token) => verified(token, keys, withoutUndefined(demands)) };
    });
  }

  credentialsIn(headers: Readonly<Record<string, unknown>>): Credentials {
    const { header = 'authorization', prefix = header === 'authorization' ? 'Bearer' : '', cookie } = this.#settings;
    const value = headers[header.toLowerCase()];
    if (typeof value === 'string') {
      const start = prefix === '' ? '' : `${prefix} `;
      if (value.slice(0, start.length).toLowerCase() === start.toLowerCase()) {
        return { authorization: value.slice(start.length).trim() };
      }
    }
    const cookies = headers['cookie'];
    const found = cookie && typeof cookies === 'string' ? cookieOf(cookies, cookie) : undefined;
    return found === undefined ? {} : { authorization: found };
  }

  known({ authorization }: Credentials): Identity | undefined {
    const identity = authorization && this.#known.get(authorization);
    return identity && identity.expiresAt + CLOCK_TOLERANCE_S > Date.now() / 1000 ? identity : undefined;
  }

  async authenticate({ authorization: token }: Credentials, client?: ClientInfo): Promise<Identity> {
    if (!token) return ANONYMOUS;
    if (token.length > MAX_TOKEN) throw await this.#tooLong(client);
    const known = this.known({ authorization: token });
    if (known) return known;
    const { claims, identity } = await this.#checked(token, client);
    this.#claims.set(identity, claims);
    this.#known.set(token, identity);
    return identity;
  }

  watch(identity: Identity, ended: (reason: 'expired' | 'revoked') => void): () => void {
    if (identity.kind !== 'user') return () => undefined;
    return this.#watchers.add({ userId: identity.userId, version: 0 }, identity.expiresAt, ended);
  }

  /** Returns a claim of the token that an identity was made from, as the value of a header. */
  claimOf(identity: Identity, path: string): string | undefined {
    const claims = this.#claims.get(identity);
    const value = claims && at(claims, path);
    if (value === undefined || value === null) return undefined;
    const text = typeof value === 'string' ? value : JSON.stringify(value);
    // A claim is the issuer's word, which may come from a user's form: it must stay one header.
    return /^[\t\x20-\x7e]*$/.test(text) ? text : encodeURIComponent(text.toWellFormed());
  }

  async #tooLong(client: ClientInfo | undefined): Promise<FalseCredentialsError> {
    await this.#false.count(client);
    return new FalseCredentialsError(`The token has more than ${MAX_TOKEN} characters.`);
  }

  /** Counts what is made up against its sender's network: a signature takes far longer to check than to send. */
  async #checked(token: string, client: ClientInfo | undefined) {
    const found = await this.#false.countUnlessGood(
      client,
      async () => {
        try {
          const claims = await this.#verify(token);
          return { claims, identity: this.#identityOf(claims) };
        } catch (error) {
          if (error instanceof FalseCredentialsError) return error;
          throw error;
        }
      },
      (outcome) => outcome instanceof FalseCredentialsError,
    );
    if (found instanceof FalseCredentialsError) throw found;
    return found;
  }

  async #verify(token: string): Promise<JWTPayload> {
    let issuedBy: string | undefined;
    try {
      issuedBy = decodeJwt(token).iss;
    } catch {
      throw new FalseCredentialsError('The token is not a JWT.');
    }
    let problem: unknown;
    for (const { issuer, verify } of this.#issuers) {
      if (issuer !== undefined && issuer !== issuedBy) continue;
      try {
        return await verify(token);
      } catch (error) {
        if (problem === undefined || weightOf(error) > weightOf(problem)) problem = error;
      }
    }
    if (problem === undefined) {
      throw new FalseCredentialsError('The token is from an issuer that this gateway does not know.');
    }
    if (problem instanceof errors.JWTExpired) throw unauthenticated('The token has expired.');
    if (isAboutToken(problem)) throw new FalseCredentialsError('The token is not valid.');
    this.#log.debug({ err: problem }, 'a token cannot be checked');
    throw new CodedError('SERVICE_UNAVAILABLE', 'Tokens cannot be checked at the moment. Try again in a few seconds.', {
      retryAfter: 5,
    });
  }

  #identityOf(claims: JWTPayload): UserIdentity {
    const { user = 'sub', roles = 'roles', scopes = 'scope' } = this.#settings.claims ?? {};
    const userId = at(claims, user);
    if (typeof userId !== 'string' || userId === '') throw unauthenticated(`The token has no claim ${user}.`);
    return {
      kind: 'user',
      userId,
      // Of several issuers each has users of its own, who may be called alike.
      ...(this.#issuers.length > 1 && claims.iss !== undefined && { issuer: claims.iss }),
      roles: textsOf(at(claims, roles)),
      scopes: textsOf(at(claims, scopes)),
      expiresAt: claims.exp!,
    };
  }
}

/** Verifies a token. One that does not name its key may be of any that fits (RFC 7515, 4.1.4). */
async function verified(token: string, keys: JWTVerifyGetKey, demands: JWTVerifyOptions): Promise<JWTPayload> {
  try {
    return (await jwtVerify(token, keys, demands)).payload;
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error;
    for await (const key of error) {
      try {
        return (await jwtVerify(token, key, demands)).payload;
      } catch (problem) {
        if (!(problem instanceof errors.JWSSignatureVerificationFailed)) throw problem;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** Of what several issuers' keys say of a token, what is certain counts: that it was good, then that none knows it. */
const weightOf = (error: unknown): number => (error instanceof errors.JWTExpired ? 2 : isAboutToken(error) ? 0 : 1);

/** A list of texts, or one text with blanks between them (RFC 8693, `scope`). */
function textsOf(claim: unknown): readonly string[] {
  if (typeof claim === 'string') return claim.split(' ').filter(Boolean);
  return Array.isArray(claim) ? claim.filter((one) => typeof one === 'string') : [];
}

/** A claim whose own name has dots, such as `https://example.org/roles`, is found before a path is. */
function at(claims: JWTPayload, path: string): unknown {
  if (Object.hasOwn(claims, path)) return claims[path];
  let value: unknown = claims;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function cookieOf(header: string, name: string): string | undefined {
  for (const part of header.split(';')) {
    const mark = part.indexOf('=');
    if (mark > 0 && part.slice(0, mark).trim() === name)
      return part
        .slice(mark + 1)
        .trim()
        .replace(/^"(.*)"$/, '$1');
  }
  return undefined;
}

const withoutUndefined = <T extends object>(given: T) =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>;
  };
