import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '#platform/base/config/config.ts';
import { appResource, USUAL_APP_SCOPES } from '#platform/identity/app-access.ts';
import { refuseMethod, sendJson } from '../server/pages.ts';

/** The door as a protected resource of OAuth (RFC 9728). */
export interface ProtectedResource {
  /** URL that tokens of connected apps are for; undefined where none may be connected. */
  readonly url: string | undefined;
  readonly howToSignIn: string;
  /** Whether its metadata are there. */
  has(path: string): boolean;
  answer(request: IncomingMessage, response: ServerResponse): void;
  /** Returns what tells a client how to get in. */
  challenge(request: IncomingMessage): string;
  /**
   * Returns what tells an app to ask its person for more.
   *
   * @param has what it may do already, so that it asks for all of it: what it does not ask for, it loses.
   */
  stepUp(has: readonly string[], lacked: readonly string[]): string;
}

/** Where a client looks: below the path of the resource first, then without it. */
const METADATA = '/.well-known/oauth-protected-resource';
const PATHS = [`${METADATA}/mcp`, METADATA];

/** Describes the door at /mcp to programs that would be connected. */
export function createResource(config: Pick<Config, 'publicUrl' | 'CONNECTED_APPS'>): ProtectedResource {
  const { publicUrl, CONNECTED_APPS: open } = config;
  const url = appResource(publicUrl);
  const scopes = USUAL_APP_SCOPES.join(' ');
  return {
    url: open ? url : undefined,
    howToSignIn: open ? 'Send an API key as bearer, or connect by OAuth.' : 'Send an API key as bearer.',
    has: (path) => open && PATHS.includes(path),
    answer({ method }, response) {
      if (method !== 'GET' && method !== 'HEAD') return refuseMethod(response, ['GET']);
      return sendJson(response, 200, {
        resource: url,
        authorization_servers: [publicUrl],
        scopes_supported: USUAL_APP_SCOPES,
        bearer_methods_supported: ['header'],
        resource_name: 'Sextant',
      });
    },
    challenge({ headers }) {
      if (!open) return 'Bearer';
      const sent = headers.authorization !== undefined || headers['x-api-key'] !== undefined;
      const why = sent ? 'error="invalid_token", ' : '';
      return `Bearer ${why}resource_metadata="${publicUrl}${PATHS[0]}", scope="${scopes}"`;
    },
    stepUp(has, lacked) {
      const all = [...new Set([...has, ...lacked])].join(' ');
      const description = `error_description="This needs ${lacked.join(' ')}"`;
      return `Bearer error="insufficient_scope", scope="${all}", resource_metadata="${publicUrl}${PATHS[0]}", ${description}`;
    },
  };
}
