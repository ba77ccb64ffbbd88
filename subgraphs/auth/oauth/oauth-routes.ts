import { CodedError } from '#platform/base/errors/errors.ts';
import type { Route } from '#platform/host/definition.ts';
import { APP_SCOPES, OAUTH_PATHS } from '#platform/identity/app-access.ts';
import { CLIENT_HEADER, networkOf, readClientInfo } from '#platform/identity/client-info.ts';
import { AUTH_ROUTES } from '#platform/identity/revocations.ts';
import type { Actor } from '../actor.ts';
import { errorAnswer, OAuthError } from '../clients/oauth-error.ts';
import type { AuthParts } from '../parts.ts';
import { decide, showConsent } from './authorize.ts';
import { exchange, revoke } from './token-endpoint.ts';

const MAX_BODY_BYTES = 16_384;
/** More than a person with many devices needs. */
const REGISTRATIONS = { name: 'auth-oauth-register', limit: 30, windowS: 3600 } as const;

/**
 * Creates the routes of the authorization server (OAuth 2.1 as the Model Context Protocol profiles it): connected apps
 * get sessions of their own, for what their person let them do.
 */
export const oauthRoutes = (parts: AuthParts): Route[] => [
  { method: 'GET', path: OAUTH_PATHS.metadata, handle: async () => Response.json(metadata(parts.config.publicUrl)) },
  { method: 'GET', path: OAUTH_PATHS.authorize, handle: (request) => showConsent(parts, request) },
  {
    method: 'POST',
    path: OAUTH_PATHS.authorize,
    maxBodyBytes: MAX_BODY_BYTES,
    handle: (request) => decide(parts, request),
  },
  post(OAUTH_PATHS.token, async (request, actor) => exchange(parts, await readForm(request), actor)),
  post(OAUTH_PATHS.revoke, async (request, actor) => revoke(parts, await readForm(request), actor)),
  post(OAUTH_PATHS.register, (request, actor) => register(parts, request, actor)),
];

function metadata(issuer: string) {
  return {
    issuer,
    authorization_endpoint: issuer + OAUTH_PATHS.authorize,
    token_endpoint: issuer + OAUTH_PATHS.token,
    registration_endpoint: issuer + OAUTH_PATHS.register,
    revocation_endpoint: issuer + OAUTH_PATHS.revoke,
    jwks_uri: issuer + AUTH_ROUTES.jwks,
    scopes_supported: APP_SCOPES,
    response_types_supported: ['code'],
    response_modes_supported: ['query'],
    grant_types_supported: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_methods_supported: ['none'],
    revocation_endpoint_auth_methods_supported: ['none'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    client_id_metadata_document_supported: true,
    ui_locales_supported: ['en', 'de'],
  };
}

/** Registers an app that has no document of its own (RFC 7591). */
async function register({ clients, limiter }: AuthParts, request: Request, { client }: Actor): Promise<Response> {
  const verdict = await limiter.consume(`ip:${networkOf(client)}`, REGISTRATIONS);
  if (!verdict.allowed) {
    const why = new OAuthError('temporarily_unavailable', 'Too many registrations from this address.', 429);
    const answer = errorAnswer(why);
    answer.headers.set('retry-after', String(verdict.retryAfter));
    return answer;
  }
  const given: unknown = await request.json().catch(() => undefined);
  const { clientId, issuedAt, name, redirectUris } = clients.registered.register(given);
  const registration = {
    client_id: clientId,
    client_id_issued_at: issuedAt,
    client_name: name,
    redirect_uris: redirectUris,
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };
  return Response.json(registration, { status: 201, headers: { 'cache-control': 'no-store' } });
}

const post = (path: string, answer: (request: Request, actor: Actor) => Promise<Response>): Route => ({
  method: 'POST',
  path,
  maxBodyBytes: MAX_BODY_BYTES,
  async handle(request, call) {
    const actor = { identity: call.identity, client: readClientInfo(request.headers.get(CLIENT_HEADER)) };
    try {
      return await answer(request, actor);
    } catch (error) {
      if (error instanceof OAuthError) return errorAnswer(error);
      if (!(error instanceof CodedError) || error.code !== 'RATE_LIMITED') throw error;
      const refusal = errorAnswer(new OAuthError('temporarily_unavailable', error.message, 429));
      refusal.headers.set('retry-after', String(error.extensions['retryAfter'] ?? 60));
      return refusal;
    }
  },
});

/** @throws {OAuthError} invalid_request. */
async function readForm(request: Request): Promise<URLSearchParams> {
  const type = request.headers.get('content-type') ?? '';
  if (!/^application\/x-www-form-urlencoded\b/i.test(type))
    throw new OAuthError('invalid_request', 'The body must be application/x-www-form-urlencoded.');
  return new URLSearchParams(await request.text());
}
