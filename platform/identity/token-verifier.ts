import { createRemoteJWKSet, customFetch, errors, jwtVerify } from 'jose';
import { z } from 'zod';
import { recentlyUsed } from '#platform/base/recently-used.ts';
import { CodedError, unauthenticated } from '../base/errors/errors.ts';
import type { Logger } from '../base/log/log.ts';
import { digestOf } from '../base/secrets/tokens.ts';
import type { Topics } from '../realtime/topics/topics.ts';
import { API_KEY_PREFIX, isWellFormed } from './api-key-secret.ts';
import type { Authenticator, Credentials } from './authenticator.ts';
import type { ClientInfo } from './client-info.ts';
import { FalseCredentials, FalseCredentialsError, type FalseCredentialsOptions } from './false-credentials.ts';
import { ANONYMOUS, type Identity, type UserIdentity } from './identity.ts';
import {
  AUTH_ROUTES,
  type Claim,
  introspectionAnswer,
  REVOCATION_TOPIC,
  type Revocation,
  RevocationList,
  revocationAnswer,
  revocationSchema,
} from './revocations.ts';
import { Watchers } from './watchers.ts';

export interface TokenVerifierOptions {
  /** Calls a plain route of the auth subgraph, as a service. The host of the URL means nothing. */
  readonly fetch: (request: Request) => Promise<Response>;
  readonly topics: Topics;
  readonly log: Logger;
  /** `iss` and `aud` that access tokens must have. */
  readonly issuer: string;
  readonly audience: string;
  /** `iss` of the access tokens of connected apps; their `aud` is the resource that they are for. */
  readonly appIssuer: string;
  /**
   * How often to ask auth for revocations, in ms: what the topic told is then known already, and what it lost is made
   * up for. 1 s where a topic can lose events (Redis), seldom where it cannot (one process).
   */
  readonly pollMs: number;
  /** How many false credentials one network may send. Absent: any number. */
  readonly falseCredentials?: FalseCredentialsOptions | undefined;
}

/** How long a call of an auth route may take, and what is remembered of API keys, in ms. */
const ROUTE_TIMEOUT_MS = 5_000;
const KEY_TTL_MS = 30_000;
/** How long credentials that were found false are refused without another look, in ms. */
const FALSE_TTL_MS = 10_000;
/** How long an API key that was good is looked up without counting as an attempt, in ms. */
const GOOD_KEY_TTL_MS = 86_400_000;
/** Polls look back a little, because rows become visible in the order of their commits, not of their times. */
const OVERLAP_MS = 10_000;
const CLOCK_TOLERANCE_S = 5;

const accessClaims = z.object({
  sub: z.string(),
  sid: z.string(),
  ver: z.number(),
  roles: z.array(z.string()),
  scope: z.string(),
  exp: z.number(),
});

/** Credentials that were found good, with what must be asked about them each time. */
interface Known {
  readonly identity: UserIdentity;
  /** What an access token was made for; absent: the graph. */
  readonly resource?: string | undefined;
  readonly claim: Claim;
}

const isExpired = ({ identity }: Known): boolean => identity.expiresAt + CLOCK_TOLERANCE_S <= Date.now() / 1000;

const BEARER = 'Bearer ';

/**
 * The verifier of access tokens (EdDSA, keys from auth's JWKS) and API keys (introspected). Each token's signature is
 * checked once; afterwards a request costs two look-ups. A revocation takes effect in every process as soon as the
 * topic tells it, at the latest with the next poll; a process that starts asks for all that still matter before it
 * believes anyone.
 */
export class TokenVerifier implements Authenticator, AsyncDisposable {
  readonly #options: TokenVerifierOptions;
  #jwks: ReturnType<typeof createRemoteJWKSet> | undefined;
  readonly #tokens = recentlyUsed<Known>(20_000);
  readonly #apiKeys = recentlyUsed<Known | 'unknown'>(10_000, { ttl: KEY_TTL_MS });
  /** Hashes of keys that were good: their look-ups are free, so attempts of others on the network do not stop them. */
  readonly #goodKeys = recentlyUsed<true>(10_000, { ttl: GOOD_KEY_TTL_MS });
  /** Hashes of access tokens that no key of ours has signed. */
  readonly #falseTokens = recentlyUsed<string>(10_000, { ttl: FALSE_TTL_MS });
  readonly #false: FalseCredentials;
  readonly #introspections = new Map<string, Promise<Known | 'unknown'>>();
  readonly #claims = new WeakMap<Identity, Claim>();
  readonly #revoked = new RevocationList();
  readonly #watchers = new Watchers();
  readonly #closing = new AbortController();
  #since = 0;
  #ready = false;
  #synchronizing: Promise<void> | undefined;
  #subscription: Promise<{ close(): void }> | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
    this.#false = new FalseCredentials(options.falseCredentials);
  }

  /** Made with the first token: Node loads its whole HTTP client for it. */
  #keys(): ReturnType<typeof createRemoteJWKSet> {
    this.#jwks ??= createRemoteJWKSet(new URL(AUTH_ROUTES.jwks, 'http://auth'), {
      cooldownDuration: 2_000,
      cacheMaxAge: 300_000,
      timeoutDuration: ROUTE_TIMEOUT_MS,
      [customFetch]: async (url, { method, headers, signal }) =>
        this.#call(new Request(url, { method, headers, signal })),
    });
    return this.#jwks;
  }

  known({ authorization, apiKey, resource }: Credentials): Identity | undefined {
    if (!this.#ready || apiKey || !authorization?.startsWith(BEARER)) return undefined;
    const kept = this.#tokens.get(authorization.slice(BEARER.length));
    // What speaks against it is said by `authenticate`.
    if (!kept || kept.resource !== resource || isExpired(kept) || this.#revoked.has(kept.claim)) return undefined;
    return kept.identity;
  }

  async authenticate(credentials: Credentials, client?: ClientInfo): Promise<Identity> {
    try {
      const secret = secretOf(credentials);
      if (secret === undefined) return ANONYMOUS;
      const isKey = secret.startsWith(API_KEY_PREFIX);
      if (isKey && !isWellFormed(secret))
        throw new FalseCredentialsError('This is not an API key: some of its characters are wrong or missing.');
      if (!this.#ready) await this.#synchronize();
      const known = isKey ? await this.#apiKey(secret, client) : await this.#accessToken(secret, credentials.resource);
      return known.identity;
    } catch (error) {
      if (error instanceof FalseCredentialsError) await this.#false.count(client);
      throw error;
    }
  }

  watch(identity: Identity, ended: (reason: 'expired' | 'revoked') => void): () => void {
    if (identity.kind !== 'user') return () => {};
    const { userId, sessionId = identity.appSessionId, apiKeyId } = identity;
    const claim = this.#claims.get(identity) ?? { userId, sessionId, apiKeyId, version: -1 };
    if (this.#revoked.has(claim)) {
      queueMicrotask(() => ended('revoked'));
      return () => {};
    }
    return this.#watchers.add(claim, identity.expiresAt, ended);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#timer);
    (await this.#subscription?.catch(() => undefined))?.close();
  }

  async #accessToken(token: string, resource: string | undefined): Promise<Known> {
    const kept = this.#tokens.get(token);
    if (kept && kept.resource === resource) {
      if (isExpired(kept)) throw expired();
      if (this.#revoked.has(kept.claim)) throw ended();
      return kept;
    }
    const why = this.#falseTokens.get(falseKey(token, resource));
    if (why !== undefined) throw new FalseCredentialsError(why);
    const known = await this.#verify(token, resource);
    if (this.#revoked.has(known.claim)) throw ended();
    this.#tokens.set(token, known);
    this.#claims.set(known.identity, known.claim);
    return known;
  }

  async #verify(token: string, resource: string | undefined): Promise<Known> {
    const { appIssuer } = this.#options;
    const { issuer, audience } = resource === undefined ? this.#options : { issuer: appIssuer, audience: resource };
    try {
      const { payload, protectedHeader } = await jwtVerify(token, this.#keys(), {
        algorithms: ['EdDSA'],
        typ: 'at+jwt',
        issuer,
        audience,
        clockTolerance: CLOCK_TOLERANCE_S,
        requiredClaims: ['exp', 'iat'],
      });
      const claims = accessClaims.parse(payload);
      const identity: UserIdentity = Object.freeze({
        kind: 'user',
        userId: claims.sub,
        ...(resource === undefined ? { sessionId: claims.sid } : { appSessionId: claims.sid }),
        roles: claims.roles,
        scopes: claims.scope.split(' '),
        expiresAt: claims.exp,
      });
      const claim = { userId: claims.sub, version: claims.ver, sessionId: claims.sid, keyId: protectedHeader.kid };
      return { identity, claim, resource };
    } catch (error) {
      if (error instanceof CodedError) throw error;
      if (error instanceof errors.JWKSTimeout) throw authIsAway();
      if (error instanceof errors.JWTExpired) throw expired();
      if (error instanceof errors.JOSEError || error instanceof z.ZodError) {
        const isToken = token.split('.').length === 3;
        const why = isToken
          ? 'The access token is not valid here: sign in again.'
          : `This is neither an access token nor an API key of this server, which begins with ${API_KEY_PREFIX}.`;
        // A key that is not known yet may be known in a moment.
        if (!(error instanceof errors.JWKSNoMatchingKey)) this.#falseTokens.set(falseKey(token, resource), why);
        throw new FalseCredentialsError(why);
      }
      this.#options.log.warn({ err: error }, 'access token could not be checked');
      throw authIsAway();
    }
  }

  async #apiKey(secret: string, client: ClientInfo | undefined): Promise<Known> {
    // The key itself never leaves this process: its hash is enough to find it.
    const hash = digestOf(secret);
    const kept = this.#apiKeys.get(hash);
    // What was remembered of a user that changed since is asked again; a revoked key is refused by that answer.
    if (kept === 'unknown') throw new FalseCredentialsError(NOT_OURS);
    const known = kept !== undefined && !this.#revoked.has(kept.claim) ? kept : await this.#lookUp(hash, client);
    if (known === 'unknown' || this.#revoked.has(known.claim)) throw unauthenticated(NOT_OURS);
    if (known.identity.expiresAt <= Date.now() / 1000) throw unauthenticated('The API key has expired.');
    return known;
  }

  #lookUp(hash: string, client: ClientInfo | undefined): Promise<Known | 'unknown'> {
    const ask = () => this.#introspect(hash);
    return this.#goodKeys.has(hash) ? ask() : this.#false.countUnlessGood(client, ask, (found) => found === 'unknown');
  }

  #introspect(hash: string): Promise<Known | 'unknown'> {
    const running = this.#introspections.get(hash);
    if (running) return running;
    const asked = this.#askAbout(hash).finally(() => this.#introspections.delete(hash));
    this.#introspections.set(hash, asked);
    return asked;
  }

  async #askAbout(hash: string): Promise<Known | 'unknown'> {
    const request = new Request(new URL(AUTH_ROUTES.introspect, 'http://auth'), {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ hash }),
    });
    const answer = introspectionAnswer.parse(await (await this.#call(request)).json());
    if (!answer.active) {
      this.#apiKeys.set(hash, 'unknown', { ttl: FALSE_TTL_MS });
      this.#goodKeys.delete(hash);
      return 'unknown';
    }
    const { id, userId, version, roles, scopes, expiresAt } = answer;
    const identity: UserIdentity = Object.freeze({ kind: 'user', userId, apiKeyId: id, roles, scopes, expiresAt });
    const known = { identity, claim: { userId, version, apiKeyId: id } };
    this.#apiKeys.set(hash, known);
    this.#goodKeys.set(hash, true);
    this.#claims.set(identity, known.claim);
    return known;
  }

  /** Learns what is revoked: first the topic, then the list, so that nothing falls between. Single flight. */
  #synchronize(): Promise<void> {
    this.#synchronizing ??= this.#learn().finally(() => {
      this.#synchronizing = undefined;
    });
    return this.#synchronizing;
  }

  async #learn(): Promise<void> {
    this.#subscription ??= this.#options.topics.subscribe(REVOCATION_TOPIC, (event) => this.#hear(event));
    try {
      await this.#subscription;
    } catch (error) {
      this.#subscription = undefined;
      throw error;
    }
    await this.#poll();
    this.#ready = true;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#closing.signal.aborted) return;
    this.#timer = setTimeout(() => {
      this.#poll()
        .catch((error) => this.#options.log.warn({ err: error }, 'revocations could not be asked for'))
        .finally(() => this.#schedule());
    }, this.#options.pollMs);
    this.#timer.unref();
  }

  async #poll(): Promise<void> {
    const url = new URL(AUTH_ROUTES.revocations, 'http://auth');
    url.searchParams.set('since', String(Math.max(0, this.#since - OVERLAP_MS)));
    const answer = revocationAnswer.parse(await (await this.#call(new Request(url))).json());
    for (const revocation of answer.revocations) this.#hear(revocation);
    this.#since = answer.now;
    this.#revoked.prune();
  }

  #hear(event: unknown): void {
    const parsed = revocationSchema.safeParse(event);
    if (!parsed.success) this.#options.log.warn('a revocation was not understood');
    else if (this.#revoked.add(parsed.data)) this.#take(parsed.data);
  }

  #take(revocation: Revocation): void {
    this.#watchers.tell(revocation, this.#revoked);
    // There is a new key in its place, which the next token may be signed with.
    if (revocation.kind === 'signing_key') {
      this.#keys()
        .reload()
        .catch((error) => this.#options.log.warn({ err: error }, 'the new signing keys could not be read'));
    }
  }

  async #call(request: Request): Promise<Response> {
    const signal = AbortSignal.any([this.#closing.signal, request.signal, AbortSignal.timeout(ROUTE_TIMEOUT_MS)]);
    let response: Response;
    try {
      response = await withSignal(this.#options.fetch(new Request(request, { signal })), signal);
    } catch (error) {
      this.#options.log.warn({ err: error, route: new URL(request.url).pathname }, 'auth cannot be reached');
      throw authIsAway();
    }
    if (response.ok) return response;
    this.#options.log.warn({ status: response.status, route: new URL(request.url).pathname }, 'auth refused a call');
    throw authIsAway();
  }
}

/** @throws {CodedError} UNAUTHENTICATED when there are two credentials, or something that is none. */
function secretOf({ authorization, apiKey }: Credentials): string | undefined {
  if (authorization !== undefined && authorization !== '' && apiKey) {
    throw new FalseCredentialsError('Send an access token or an API key, not both.');
  }
  if (apiKey) {
    if (!apiKey.startsWith(API_KEY_PREFIX))
      throw new FalseCredentialsError(`An API key begins with ${API_KEY_PREFIX}.`);
    return apiKey;
  }
  if (authorization === undefined || authorization === '') return undefined;
  const [scheme, secret, ...more] = authorization.trim().split(/ +/);
  if (scheme?.toLowerCase() !== 'bearer' || !secret || more.length > 0 || secret.length > 8_192) {
    throw new FalseCredentialsError('The Authorization header must be "Bearer <access token or API key>".');
  }
  return secret;
}

/** A token that is wrong for one resource may be right for another. */
const falseKey = (token: string, resource = ''): string => `${digestOf(token)} ${resource}`;

/** A transport that does not heed the signal must not hang the request. */
function withSignal<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

const NOT_OURS = 'The API key is unknown, expired or revoked.';
const expired = () => unauthenticated('The access token has expired: refresh it.');
const ended = () => unauthenticated('The session or key that these credentials belong to has ended.');
const authIsAway = () =>
  new CodedError('SERVICE_UNAVAILABLE', 'Credentials cannot be checked at the moment; try again shortly.');
