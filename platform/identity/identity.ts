import { forbidden, unauthenticated } from '../base/errors/errors.ts';

/**
 * The identity of who asks. The gateway verifies it once; subgraphs get it as an object (in-process) or as a signed
 * assertion (HTTP).
 */
export type Identity = Anonymous | UserIdentity | ServiceIdentity;

export interface Anonymous {
  readonly kind: 'anonymous';
}

export interface UserIdentity {
  readonly kind: 'user';
  readonly userId: string;
  /** The issuer of the token, where there are several: each has users of its own. */
  readonly issuer?: string;
  /** The session of an access token; absent for an API key. */
  readonly sessionId?: string;
  readonly apiKeyId?: string;
  /** The session of a connected app, whose access token this is: what needs the person, it may not do. */
  readonly appSessionId?: string;
  readonly roles: readonly string[];
  /** What may be done: for a session all scopes of its roles, for an API key or an app the ones it was given. */
  readonly scopes: readonly string[];
  /** Unix time in seconds at which the credentials end. */
  readonly expiresAt: number;
}

/** A subgraph or the gateway itself, asking for itself, for instance to consume events. */
export interface ServiceIdentity {
  readonly kind: 'service';
  readonly service: string;
}

/** Returns the name of a person among those of all issuers, to count what is theirs. */
export const personOf = ({ userId, issuer }: UserIdentity): string =>
  issuer === undefined ? userId : JSON.stringify([issuer, userId]);

export const ANONYMOUS: Anonymous = Object.freeze({ kind: 'anonymous' });

/** The scopes of the graph. A user's session has those of its roles; an API key a subset. */
export const SCOPES = {
  'chat:read': 'Read conversations and messages',
  'chat:write': 'Create conversations, send messages, stop replies',
  'memory:read': 'Read memories, contexts and knowledge',
  'memory:write': 'Store and forget memories, contexts and knowledge',
  'vector:read': 'Search vector collections and embed texts',
  'vector:write': 'Create collections and store vectors',
  'vision:read': 'Read images and their analyses',
  'vision:write': 'Upload, analyse and generate images',
  'analytics:read': 'Read usage and cost',
  'account:read': 'Read the account, sessions and API keys',
  'account:write': 'Change the account, sessions and API keys',
  'graph:explore': 'Read the schema of the graph and run any operation that the other scopes allow, over MCP',
  admin: 'Everything that administrators may do',
} as const;

export type Scope = keyof typeof SCOPES;

/** Scopes of each role. */
export const ROLE_SCOPES: Record<string, readonly Scope[]> = {
  user: (Object.keys(SCOPES) as Scope[]).filter((scope) => scope !== 'admin'),
  admin: Object.keys(SCOPES) as Scope[],
};

/** Returns the signed-in user, or UNAUTHENTICATED. */
export function requireUser(identity: Identity): UserIdentity {
  if (identity.kind !== 'user') throw unauthenticated();
  return identity;
}

/** Returns the signed-in user if it has the scope; UNAUTHENTICATED or FORBIDDEN otherwise. */
export function requireScope(identity: Identity, scope: Scope): UserIdentity {
  const user = requireUser(identity);
  if (!user.scopes.includes(scope)) throw forbidden(`This needs the scope ${scope}, which these credentials lack.`);
  return user;
}

/** Returns the signed-in administrator; UNAUTHENTICATED or FORBIDDEN otherwise. */
export const requireAdmin = (identity: Identity): UserIdentity => requireScope(identity, 'admin');
