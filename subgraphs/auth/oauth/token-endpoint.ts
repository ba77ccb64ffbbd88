import type { Actor } from '../actor.ts';
import { isClientId, unknownClient } from '../clients/clients.ts';
import { OAuthError } from '../clients/oauth-error.ts';
import { RegisteredClients } from '../clients/registered-clients.ts';
import type { AuthParts } from '../parts.ts';
import type { AppTokens } from '../sessions/app-sessions.ts';
import { redeemCode } from './authorization-codes.ts';
import { checkResource, one } from './authorization-request.ts';

/**
 * Exchanges a code or a refresh token for tokens. An app whose registration has ended hears that, or it would come
 * again with the same id for ever.
 *
 * @throws {OAuthError} why not.
 */
export async function exchange(parts: AuthParts, values: URLSearchParams, actor: Actor): Promise<Response> {
  const clientId = readClientId(values);
  try {
    return await exchangeFor(parts, clientId, values, actor);
  } catch (error) {
    const isOver = RegisteredClients.isOne(clientId) && !parts.clients.registered.find(clientId);
    throw error instanceof OAuthError && error.code === 'invalid_grant' && isOver ? unknownClient() : error;
  }
}

async function exchangeFor(
  parts: AuthParts,
  clientId: string,
  values: URLSearchParams,
  actor: Actor,
): Promise<Response> {
  checkResource(values, parts.config.publicUrl);
  switch (one(values, 'grant_type')) {
    case 'authorization_code': {
      const redemption = {
        code: need(values, 'code'),
        clientId,
        redirectUri: one(values, 'redirect_uri'),
        verifier: one(values, 'code_verifier'),
      };
      return answer(await redeemCode(parts, redemption, actor));
    }
    case 'refresh_token': {
      const wanted = one(values, 'scope')?.split(' ').filter(Boolean);
      return answer(await parts.apps.refresh(need(values, 'refresh_token'), clientId, wanted, actor));
    }
    default:
      throw new OAuthError('unsupported_grant_type', 'grant_type must be authorization_code or refresh_token.');
  }
}

/** Ends the session that a token belongs to. @throws {OAuthError} where it says nothing of which. */
export async function revoke(parts: AuthParts, values: URLSearchParams, actor: Actor): Promise<Response> {
  const clientId = readClientId(values);
  await parts.apps.end(need(values, 'token'), clientId, actor);
  return new Response(null, { status: 200, headers: { 'cache-control': 'no-store' } });
}

/** @throws {OAuthError} invalid_client. */
function readClientId(values: URLSearchParams): string {
  const clientId = one(values, 'client_id');
  if (clientId === undefined || !isClientId(clientId)) throw unknownClient();
  return clientId;
}

function need(values: URLSearchParams, name: string): string {
  const value = one(values, name);
  if (value === undefined) throw new OAuthError('invalid_request', `${name} is missing.`);
  return value;
}

const answer = ({ accessToken, expiresAt, refreshToken, scopes }: AppTokens): Response =>
  Response.json(
    {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: Math.max(1, Math.floor((expiresAt.getTime() - Date.now()) / 1000)),
      refresh_token: refreshToken,
      scope: scopes.join(' '),
    },
    { headers: { 'cache-control': 'no-store' } },
  );
