import type { ClientInfo } from './client-info.ts';
import type { Identity } from './identity.ts';

/** The credentials of a request: its headers, or the payload of a WebSocket's `connection_init`. */
export interface Credentials {
  /** `Bearer <access token>` or `Bearer <API key>`. */
  readonly authorization?: string | undefined;
  /** An API key. */
  readonly apiKey?: string | undefined;
  /**
   * URL of what is asked for, where connected apps come with access tokens of their own: then only those that were
   * made for it are good. Absent: the graph, which takes those of people.
   */
  readonly resource?: string | undefined;
}

/** A verifier of credentials, once, at the gateway. */
export interface Authenticator {
  /**
   * Who the credentials belong to; ANONYMOUS when there are none.
   *
   * @param client whom false credentials count for.
   * @throws {CodedError} UNAUTHENTICATED when there are credentials and they are wrong, expired or revoked;
   * RATE_LIMITED when too many of the client's were false; SERVICE_UNAVAILABLE when that cannot be found out.
   */
  authenticate(credentials: Credentials, client?: ClientInfo): Promise<Identity>;
  /** The same where it is known at once; undefined where it is not, and where there is something to throw. */
  known?(credentials: Credentials): Identity | undefined;
  /** Where in the headers, or in the payload of `connection_init`, the credentials are. Default: the usual names. */
  credentialsIn?(headers: Readonly<Record<string, unknown>>): Credentials;
  /** Whether nothing is answered without credentials. Default: what is answered is decided for each field. */
  readonly required?: boolean;
  /**
   * Calls back once when the identity ends: expired, signed out, revoked or its account disabled. Returns how to stop
   * watching.
   */
  watch(identity: Identity, ended: (reason: 'expired' | 'revoked') => void): () => void;
}

/**
 * The use that an assertion is good for: the operations of one subgraph, or its plain routes. An assertion for the
 * routes, which the gateway forwards as a client sends them, opens no operation.
 */
export type Audience = `${string}/${'graphql' | 'routes'}`;

/** The assertions by which one process tells another who asks: signed, for one audience, alive for seconds. */
export interface IdentityAssertions {
  /**
   * A compact token for the `x-sextant-identity` header of requests to `audience`; at once where a fresh one is kept.
   */
  sign(identity: Identity, audience: Audience): string | Promise<string>;
  /** @throws {CodedError} UNAUTHENTICATED when it is missing, forged, stale or meant for another service. */
  verify(token: string | undefined, audience: Audience): Promise<Identity>;
}

export const IDENTITY_HEADER = 'x-sextant-identity';
