import { APP_SCOPES, appResource, USUAL_APP_SCOPES } from '#platform/identity/app-access.ts';
import type { Scope } from '#platform/identity/identity.ts';
import type { Client, Clients } from '../clients/clients.ts';
import { OAuthError } from '../clients/oauth-error.ts';
import { isOneOf } from '../clients/redirect-uris.ts';

/** The parameters of a request, which the form on the page sends again. */
export const PARAMETERS = [
  'response_type',
  'client_id',
  'redirect_uri',
  'code_challenge',
  'code_challenge_method',
  'state',
  'scope',
  'resource',
] as const;
const MAX_STATE = 2_000;
/** The SHA-256 of a verifier as base64url. */
const CHALLENGE = /^[\w-]{43}$/;

/** The place to which an answer may be sent: the app and the URI are known to belong together. */
export interface Destination {
  readonly client: Client;
  readonly redirectUri: string;
  readonly state: string | undefined;
}

/** A request of an app to be connected. */
export interface AuthorizationRequest extends Destination {
  readonly codeChallenge: string;
  readonly scopes: readonly Scope[];
}

/** Returns one value of a parameter. @throws {OAuthError} invalid_request where it comes twice. */
export function one(values: URLSearchParams, name: string): string | undefined {
  const [first, ...more] = values.getAll(name);
  if (more.length > 0) throw new OAuthError('invalid_request', `${name} is given more than once.`);
  return first === '' ? undefined : first;
}

/**
 * Reads who asks and where the answer goes.
 *
 * @param mayRead called before a document of the app is read.
 * @throws {OAuthError} why nothing may be sent anywhere.
 */
export async function readDestination(
  clients: Clients,
  values: URLSearchParams,
  mayRead: () => Promise<void>,
): Promise<Destination> {
  const clientId = one(values, 'client_id');
  const redirectUri = one(values, 'redirect_uri');
  const state = one(values, 'state');
  if (clientId === undefined) throw new OAuthError('invalid_request', 'client_id is missing.');
  const client = await clients.find(clientId, mayRead);
  if (redirectUri === undefined) throw new OAuthError('invalid_request', 'redirect_uri is missing.');
  if (!isOneOf(redirectUri, client.redirectUris))
    throw new OAuthError('invalid_request', 'redirect_uri is none of those that the app has registered.');
  if ((state?.length ?? 0) > MAX_STATE)
    throw new OAuthError('invalid_request', `state is longer than ${MAX_STATE} characters.`);
  return { client, redirectUri, state };
}

/** Reads what is asked for. @throws {OAuthError} what is wrong with it. */
export function readRequest(
  destination: Destination,
  values: URLSearchParams,
  publicUrl: string,
): AuthorizationRequest {
  const responseType = one(values, 'response_type');
  if (responseType !== 'code')
    throw new OAuthError(
      responseType === undefined ? 'invalid_request' : 'unsupported_response_type',
      'response_type must be code.',
    );
  const codeChallenge = one(values, 'code_challenge');
  if (one(values, 'code_challenge_method') !== 'S256' || !CHALLENGE.test(codeChallenge ?? '')) {
    throw new OAuthError('invalid_request', 'PKCE is needed: code_challenge with code_challenge_method S256.');
  }
  if (one(values, 'prompt') === 'none') throw new OAuthError('login_required', 'The person has to sign in here.');
  checkResource(values, publicUrl);
  return { ...destination, codeChallenge: codeChallenge!, scopes: readScopes(one(values, 'scope')) };
}

/** Refuses tokens for another resource (RFC 8707). @throws {OAuthError} invalid_target. */
export function checkResource(values: URLSearchParams, publicUrl: string): void {
  const own = appResource(publicUrl);
  const foreign = values.getAll('resource').find((resource) => resource.replace(/\/$/, '') !== own);
  if (foreign !== undefined) throw new OAuthError('invalid_target', `resource must be ${own}.`);
}

/** @throws {OAuthError} invalid_scope. */
function readScopes(given: string | undefined): readonly Scope[] {
  if (given === undefined) return USUAL_APP_SCOPES;
  const asked = [...new Set(given.split(' ').filter(Boolean))];
  const foreign = asked.find((scope) => !APP_SCOPES.includes(scope as Scope));
  if (foreign !== undefined || asked.length === 0)
    throw new OAuthError('invalid_scope', `scope may hold ${APP_SCOPES.join(', ')}.`);
  return asked as Scope[];
}

/** Returns the URI that takes an answer back to the app; it says from whom it is (RFC 9207). */
export function answerUri(
  { redirectUri, state }: Destination,
  publicUrl: string,
  answer: Readonly<Record<string, string>>,
): string {
  const more = new URLSearchParams({ ...answer, ...(state !== undefined && { state }), iss: publicUrl });
  // Its own query stays as it is, to the letter (RFC 6749, 3.1.2).
  return `${redirectUri}${redirectUri.includes('?') ? '&' : '?'}${more}`;
}
