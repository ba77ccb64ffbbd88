import type { OAuthTokens } from '@modelcontextprotocol/client';
import { CodedError } from '#platform/base/errors/errors.ts';
import { NotFetched } from '#platform/net/outbound/public-fetch.ts';
import type { ToolServerSettings } from '../../../catalogue/tool-server-settings.ts';
import {
  type Account,
  type AuthorizationServer,
  type OAuthClient,
  type PendingAccount,
  readAccount,
  readAuthorizationServer,
  readClient,
} from './account.ts';
import { type OAuthFetch, openOAuthFetch } from './oauth-fetch.ts';

const library = () => import('@modelcontextprotocol/client');

/** The account is over: its person has to connect it again. */
export class AccountOver extends Error {
  override name = 'AccountOver';
}

/** The demands of a tool server on a person who signs in. */
export interface Discovered {
  readonly server: AuthorizationServer;
  readonly resource: string;
  readonly url: string;
  readonly scope: string | undefined;
  readonly registrationEndpoint: string | undefined;
  /** Whether a client may be the URL of a document that says who it is. */
  readonly takesDocuments: boolean;
}

/**
 * Finds where people sign in for a tool server (RFC 9728, RFC 8414).
 *
 * @throws {CodedError} PROVIDER_UNAVAILABLE, in our words: what the server says is a stranger's.
 */
export const discover = (settings: ToolServerSettings): Promise<Discovered> =>
  asking(settings, 'say where people sign in', async ({ fetch }) => {
    const url = new URL(settings.url!);
    const challenge = await challengeOf(url, fetch);
    const { resource, described } = await resourceOf(url, settings, challenge.resourceMetadataUrl, fetch);
    const issuer = issuerOf(settings.oauth?.issuer, described?.authorization_servers ?? []);
    const sdk = await library();
    const metadata = await sdk.discoverAuthorizationServerMetadata(issuer, { fetchFn: fetch });
    if (!metadata) throw unusable('names an authorization server that does not describe itself');
    if (!metadata.code_challenge_methods_supported?.includes('S256'))
      throw unusable('names an authorization server without PKCE (S256)');
    const server = readAuthorizationServer(metadata);
    const registrationEndpoint = metadata.registration_endpoint;
    checkEndpoints(server, registrationEndpoint);
    const offline = metadata.scopes_supported?.includes('offline_access') ? ['offline_access'] : [];
    const asked = settings.oauth?.scopes ?? challenge.scope?.split(' ') ?? described?.scopes_supported;
    return {
      server,
      resource,
      url: url.href,
      scope: asked && [...new Set([...asked, ...offline])].join(' '),
      registrationEndpoint,
      takesDocuments: metadata.client_id_metadata_document_supported === true,
    };
  });

/** Returns what the tool server says of itself, which it need not where llm.yaml has the issuer. */
async function resourceOf(
  url: URL,
  { oauth }: ToolServerSettings,
  resourceMetadataUrl: URL | undefined,
  fetch: OAuthFetch['fetch'],
) {
  const sdk = await library();
  const options = resourceMetadataUrl && { resourceMetadataUrl };
  const described = await sdk.discoverOAuthProtectedResourceMetadata(url, options, fetch).catch((error: unknown) => {
    if (oauth?.issuer !== undefined && !(error instanceof NotFetched)) return undefined;
    throw error;
  });
  const requestedResource = sdk.resourceUrlFromServerUrl(url).href;
  if (!described) return { resource: requestedResource, described };
  if (!sdk.checkResourceAllowed({ requestedResource, configuredResource: described.resource }))
    throw unusable('names another resource than itself in its metadata');
  return { resource: described.resource, described };
}

/** @param written in llm.yaml. @param named by the tool server. */
function issuerOf(written: string | undefined, named: readonly string[]): string {
  const issuer = written ?? named[0];
  if (issuer === undefined) throw unusable('names no authorization server');
  if (named.length > 0 && !named.some((one) => isSameIssuer(one, issuer)))
    throw unusable('does not name the issuer that llm.yaml has');
  return issuer;
}

/** The person's browser is led to the first, and secrets go to the others. */
function checkEndpoints(server: AuthorizationServer, registrationEndpoint: string | undefined): void {
  const endpoints = [server.authorization_endpoint, server.token_endpoint, server.revocation_endpoint];
  for (const endpoint of [...endpoints, registrationEndpoint]) {
    if (endpoint !== undefined && !isSecure(endpoint)) throw unusable('names an address that is not https:');
  }
}

/** Returns what the server answers to a client without an account. */
async function challengeOf(url: URL, fetch: OAuthFetch['fetch']) {
  const { extractWWWAuthenticateParams } = await library();
  const answered = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' }),
  });
  return answered.status === 401 ? extractWWWAuthenticateParams(answered) : {};
}

/** How this product can say who it is at a token endpoint, the first that the server takes. */
const METHODS = ['none', 'client_secret_basic', 'client_secret_post'];

/** Registers this product as a client (RFC 7591). @throws {CodedError} PROVIDER_UNAVAILABLE. */
export const register = (
  settings: ToolServerSettings,
  { server, registrationEndpoint }: Discovered,
  redirectUri: string,
): Promise<OAuthClient> =>
  asking(settings, 'register this product', async ({ fetch }) => {
    const { registerClient } = await library();
    const methods = server.token_endpoint_auth_methods_supported ?? ['none'];
    const method = METHODS.find((one) => methods.includes(one));
    if (!method) throw new Error(`none of ${METHODS.join(', ')} is among its methods`);
    const clientMetadata = {
      client_name: 'Sextant',
      redirect_uris: [redirectUri],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      token_endpoint_auth_method: method,
    };
    const metadata = { ...server, registration_endpoint: registrationEndpoint };
    return readClient(await registerClient(server.issuer, { metadata, clientMetadata, fetchFn: fetch }));
  });

/** Returns where the person goes, and what to keep until they are back. */
export async function begin(
  { server, resource, url, scope }: Discovered,
  client: OAuthClient,
  redirectUri: string,
  state: string,
): Promise<{ readonly authorizationUrl: string; readonly pending: PendingAccount }> {
  const { startAuthorization } = await library();
  const { authorizationUrl, codeVerifier } = await startAuthorization(server.issuer, {
    metadata: server,
    clientInformation: client,
    redirectUrl: redirectUri,
    state,
    resource,
    ...(scope !== undefined && { scope }),
  });
  return {
    authorizationUrl: authorizationUrl.href,
    pending: { server, client, resource, url, codeVerifier, redirectUri, ...(scope !== undefined && { scope }) },
  };
}

/**
 * Exchanges the code that a person brought back.
 *
 * @param iss who says that it answered (RFC 9207): another than the one that the person was sent to is refused.
 * @throws {CodedError} PROVIDER_UNAVAILABLE.
 */
export const exchange = (
  settings: ToolServerSettings,
  { server, client, resource, url, codeVerifier, redirectUri }: PendingAccount,
  code: string,
  iss: string | undefined,
): Promise<Account> =>
  asking(settings, 'take the code', async ({ fetch }) => {
    const { exchangeAuthorization } = await library();
    const tokens = await exchangeAuthorization(server.issuer, {
      metadata: server,
      clientInformation: client,
      authorizationCode: code,
      codeVerifier,
      redirectUri,
      resource,
      fetchFn: fetch,
      ...(iss !== undefined && { iss }),
    });
    return accountOf({ server, client, resource, url }, tokens);
  });

/** Gets the next token. @throws {AccountOver} when there is none any more; {CodedError} PROVIDER_UNAVAILABLE. */
export const refresh = (settings: ToolServerSettings, account: Account): Promise<Account> =>
  asking(settings, 'give another token', async ({ fetch }) => {
    const { refreshAuthorization } = await library();
    const { server, client, resource, refreshToken } = account;
    if (refreshToken === undefined) throw new AccountOver();
    try {
      const tokens = await refreshAuthorization(server.issuer, {
        metadata: server,
        clientInformation: client,
        refreshToken,
        resource,
        fetchFn: fetch,
      });
      return accountOf(account, tokens);
    } catch (error) {
      if (['invalid_grant', 'invalid_client', 'unauthorized_client'].includes(codeOf(error))) throw new AccountOver();
      throw error;
    }
  });

/**
 * Gives the tokens back (RFC 7009), as far as the server takes them. Never rejects.
 *
 * @returns false: the server is away, or wants to be asked later.
 */
export async function revoke(settings: ToolServerSettings, { server, client, ...own }: Account): Promise<boolean> {
  if (server.revocation_endpoint === undefined) return true;
  const { selectClientAuthMethod } = await library();
  const method = selectClientAuthMethod(client, server.token_endpoint_auth_methods_supported ?? []);
  await using oauth = openOAuthFetch(settings);
  const tokens = [own.refreshToken, own.accessToken].filter((one) => one !== undefined);
  const answered = await Promise.all(
    tokens.map(async (token) => {
      const body = new URLSearchParams({ token, client_id: client.client_id });
      const headers = new Headers({ 'content-type': 'application/x-www-form-urlencoded' });
      if (client.client_secret !== undefined) {
        if (method === 'client_secret_post') body.set('client_secret', client.client_secret);
        else headers.set('authorization', basic(client.client_id, client.client_secret));
      }
      const init = { method: 'POST', headers, body };
      return oauth.fetch(server.revocation_endpoint!, init).then(
        ({ status }) => status < 500 && status !== 408 && status !== 429,
        () => false,
      );
    }),
  );
  return answered.every(Boolean);
}

const basic = (id: string, secret: string): string =>
  `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`;

function accountOf(
  { server, client, resource, url }: Pick<Account, 'server' | 'client' | 'resource' | 'url'>,
  tokens: OAuthTokens,
): Account {
  if (tokens.token_type.toLowerCase() !== 'bearer') throw unusable('gives tokens of another kind than Bearer');
  return readAccount({
    server,
    client,
    resource,
    url,
    accessToken: tokens.access_token,
    refreshToken: tokens.refresh_token,
    expiresAt: tokens.expires_in === undefined ? undefined : Date.now() + tokens.expires_in * 1_000,
  });
}

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]']);

/** Whether an address is one for secrets, and for a browser: any other scheme could be a script. */
function isSecure(address: string): boolean {
  const url = URL.parse(address);
  if (url?.username !== '' || url.password !== '') return false;
  return url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.has(url.hostname));
}

/** An issuer is compared as it is written, but for the slash that many leave out. */
const isSameIssuer = (one: string, other: string): boolean => one.replace(/\/$/, '') === other.replace(/\/$/, '');

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null)?.code);

const unusable = (what: string): CodedError => new CodedError('PROVIDER_UNAVAILABLE', `The tool server ${what}.`);

/** Runs what asks a server, and says in our words what went wrong. */
async function asking<Answer>(
  settings: ToolServerSettings,
  does: string,
  ask: (oauth: OAuthFetch) => Promise<Answer>,
): Promise<Answer> {
  await using oauth = openOAuthFetch(settings);
  try {
    return await ask(oauth);
  } catch (error) {
    if (error instanceof CodedError || error instanceof AccountOver) throw error;
    const why = error instanceof NotFetched ? ` ${error.message}` : '';
    const said = `The tool server, or its authorization server, does not ${does} as it should.${why}`;
    throw Object.assign(new CodedError('PROVIDER_UNAVAILABLE', said), { cause: error });
  }
}
