import type { Config } from '#platform/base/config/config.ts';
import type { Route } from '#platform/host/definition.ts';

const PATH = '/oauth-client.json';

type Addresses = Pick<Config, 'publicUrl' | 'TOOL_ACCOUNTS_REDIRECT_URL'>;

/** Returns where authorization servers send people back: a page that finishes in the session that began. */
export const redirectUriOf = ({ publicUrl, TOOL_ACCOUNTS_REDIRECT_URL }: Addresses): string =>
  TOOL_ACCOUNTS_REDIRECT_URL ?? `${publicUrl}/connected`;

/**
 * Returns the document by which authorization servers know this product that take the address of one as a client's id
 * (draft-ietf-oauth-client-id-metadata-document).
 */
export const clientDocument = (config: Addresses) => ({
  client_id: `${config.publicUrl}/_/chat${PATH}`,
  client_name: 'Sextant',
  client_uri: config.publicUrl,
  redirect_uris: [redirectUriOf(config)],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
  token_endpoint_auth_method: 'none',
});

/** Returns the route at which it is read. */
export const clientDocumentRoute = (config: Config): Route => ({
  method: 'GET',
  path: PATH,
  handle: async () => Response.json(clientDocument(config), { headers: { 'cache-control': 'public, max-age=3600' } }),
});
