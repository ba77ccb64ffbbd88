import { z } from 'zod';
import type { ToolServerSettings } from '../../../catalogue/tool-server-settings.ts';

const url = z.string().max(2_000);

/** The parts of an authorization server's metadata that are needed after it was found. */
const authorizationServer = z.object({
  issuer: url,
  authorization_endpoint: url,
  token_endpoint: url,
  revocation_endpoint: url.optional(),
  response_types_supported: z.array(z.string()).max(50),
  code_challenge_methods_supported: z.array(z.string()).max(20),
  token_endpoint_auth_methods_supported: z.array(z.string()).max(20).optional(),
  authorization_response_iss_parameter_supported: z.boolean().optional(),
});
export type AuthorizationServer = z.infer<typeof authorizationServer>;
/** Reads them; what else there is is left out. */
export const readAuthorizationServer = (metadata: unknown): AuthorizationServer => authorizationServer.parse(metadata);

/** This product, as an authorization server knows it. */
const oauthClient = z.object({
  client_id: z.string().min(1).max(2_000),
  client_secret: z.string().max(2_000).optional(),
  client_secret_expires_at: z.number().optional(),
  token_endpoint_auth_method: z.string().max(100).optional(),
});
export type OAuthClient = z.infer<typeof oauthClient>;
/** Reads a client as it was registered, or kept. */
export const readClient = (client: unknown): OAuthClient => oauthClient.parse(client);

const common = {
  server: authorizationServer,
  client: oauthClient,
  /** The tool server, as tokens name it: they are sent to no other. */
  resource: url,
  /** Where the tool server is, as it was when the account was connected. */
  url,
};

const pendingAccount = z.object({
  ...common,
  codeVerifier: z.string(),
  redirectUri: url,
  scope: z.string().max(5_000).optional(),
});
/** An account whose person was sent to the authorization server and is not back. */
export type PendingAccount = z.infer<typeof pendingAccount>;
/** Reads what was kept of one. */
export const readPending = (kept: unknown): PendingAccount => pendingAccount.parse(kept);

const token = z.string().min(1).max(20_000);
const account = z.object({
  ...common,
  accessToken: token,
  refreshToken: token.optional(),
  /** Unix time in ms; absent where the server did not say. */
  expiresAt: z.number().optional(),
});
/** A person's account at a tool server: it holds secrets. */
export type Account = z.infer<typeof account>;
/** Reads what was kept of one. */
export const readAccount = (kept: unknown): Account => account.parse(kept);

/** A person's token for one tool server, as a connection uses it. */
export interface Bearer {
  /** The token as it is now; undefined where there is no account any more. */
  token(): Promise<string | undefined>;
  /** Says that the server refuses a token, so that the next one is another. */
  refused(token: string): Promise<void>;
}

/** The accounts of people at tool servers. */
export interface Accounts {
  /**
   * Returns the names of the servers at which a person has an account.
   *
   * @param servers those that are meant, as they are now: an account is for the address that it was connected to.
   */
  connected(userId: string, servers: ReadonlyMap<string, ToolServerSettings>): Promise<ReadonlySet<string>>;
  bearer(userId: string, name: string, settings: ToolServerSettings): Bearer;
}
