import { SCOPES, type Scope } from './identity.ts';

/** Returns the resource that access tokens of connected apps are for: the door at /mcp. */
export const appResource = (publicUrl: string): string => `${publicUrl}/mcp`;

/** Scopes that no connected app gets: a person's account, and what administrators do, need the person. */
const WITHHELD: readonly Scope[] = ['account:write', 'admin'];

/** Scopes that a person may let a connected app have. */
export const APP_SCOPES: readonly Scope[] = (Object.keys(SCOPES) as Scope[]).filter(
  (scope) => !WITHHELD.includes(scope),
);

/** Scopes that the tools of /mcp need: what an app asks for that does not know better. */
export const USUAL_APP_SCOPES: readonly Scope[] = [
  'chat:read',
  'chat:write',
  'memory:read',
  'memory:write',
  'vision:read',
];

/** Where the authorization server of connected apps is, under PUBLIC_URL. */
export const OAUTH_PATHS = {
  metadata: '/.well-known/oauth-authorization-server',
  authorize: '/oauth/authorize',
  token: '/oauth/token',
  register: '/oauth/register',
  revoke: '/oauth/revoke',
} as const;
