import type { ToolServerSettings } from '#llm/catalogue/tool-server-settings.ts';
import { type OAuthClient, type PendingAccount, readClient, readPending } from '#llm/tools/servers/accounts/account.ts';
import { begin, type Discovered, discover, exchange, register } from '#llm/tools/servers/accounts/authorization.ts';
import { badInput, CodedError, forbidden, notFound, rateLimited } from '#platform/base/errors/errors.ts';
import type { Secrets } from '#platform/base/secrets/secrets.ts';
import { digestOf, randomToken } from '#platform/base/secrets/tokens.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { type ChatParts, TRANSACTION } from '../parts.ts';
import { clientDocument, redirectUriOf } from './client-document.ts';
import type { EndedAccounts } from './ended-accounts.ts';
import type { KeptAccounts } from './kept-accounts.ts';
import { type Owner, openOwn, sealFor } from './sealed.ts';

const PENDING = 'accounts to be connected';
const CLIENT = 'client of an authorization server';
/** How long a person may take to come back, in ms. */
const LIFE_MS = 600_000;
/** How long this product goes on with a client that it has registered, in ms. Accounts keep the one they began with. */
const CLIENT_MS = 86_400_000;
/** Each asks strangers' servers several things. */
const CONNECTS = { name: 'chat-tool-accounts', limit: 30, windowS: 3_600 } as const;
const MAX_GIVEN = 5_000;

/** A person who is back from the authorization server, with what it has sent along. */
export interface FinishInput {
  readonly state: string;
  readonly code?: string | null;
  readonly issuer?: string | null;
  readonly error?: string | null;
}

/** The part that connects and disconnects accounts of people at tool servers. */
export class Connecting {
  readonly #chat: ChatParts;
  readonly #accounts: KeptAccounts;
  readonly #ended: EndedAccounts;
  readonly #secrets: Secrets;

  constructor(chat: ChatParts, accounts: KeptAccounts, ended: EndedAccounts, secrets: Secrets) {
    this.#chat = chat;
    this.#accounts = accounts;
    this.#ended = ended;
    this.#secrets = secrets;
  }

  /** @returns where the person goes. @throws {CodedError} FORBIDDEN, NOT_FOUND, RATE_LIMITED, PROVIDER_UNAVAILABLE. */
  async connect(user: UserIdentity, name: string): Promise<string> {
    const sessionId = sessionOf(user);
    const settings = await this.#settings(user, name);
    const verdict = await this.#chat.limiter.consume(`user:${user.userId}`, CONNECTS);
    if (!verdict.allowed) throw rateLimited(`At most ${CONNECTS.limit} an hour are connected.`, verdict.retryAfter);
    const found = await discover(settings);
    const redirectUri = redirectUriOf(this.#chat.config);
    const client = await this.#client(settings, found, redirectUri);
    const state = randomToken();
    const { authorizationUrl, pending } = await begin(found, client, redirectUri, state);
    const { toolAccountRequest } = this.#chat.db;
    await toolAccountRequest.deleteMany({ where: { expiresAt: { lt: new Date() } } });
    await toolAccountRequest.create({
      data: {
        stateHash: digestOf(state),
        userId: user.userId,
        sessionId,
        server: name,
        sealed: sealFor(this.#secrets, PENDING, { userId: user.userId, server: name }, { pending }),
        expiresAt: new Date(Date.now() + LIFE_MS),
      },
    });
    return authorizationUrl;
  }

  /**
   * Takes what the authorization server has sent along with the person. Only the session that was sent there may bring
   * it back: a link that another person began connects nothing.
   *
   * @returns the name of the server.
   * @throws {CodedError} FORBIDDEN, BAD_USER_INPUT, PROVIDER_UNAVAILABLE.
   */
  async finish(user: UserIdentity, { state, code, issuer, error }: FinishInput): Promise<string> {
    const sessionId = sessionOf(user);
    for (const [argument, value] of Object.entries({ state, code, issuer, error })) {
      if (value != null && value.length > MAX_GIVEN)
        throw badInput(`input.${argument}`, `is longer than ${MAX_GIVEN} characters.`);
    }
    const where = { stateHash: digestOf(state), userId: user.userId, sessionId, expiresAt: { gt: new Date() } };
    const { toolAccountRequest } = this.#chat.db;
    const request = await toolAccountRequest.findFirst({ where });
    // Good once, whatever comes of it: of two that bring the same, one deletes it.
    const { count } = await toolAccountRequest.deleteMany({ where });
    if (!request || count === 0)
      throw badInput('input.state', 'is none that this session waits for: begin again with connectToolServer.');
    const { server } = request;
    const settings = await this.#settings(user, server);
    const pending = this.#pending(request);
    if (pending.url !== new URL(settings.url!).href) throw changed();
    // An error of another server than the one that was asked does not count either.
    if (issuer != null && issuer !== pending.server.issuer)
      throw badInput('input.issuer', 'is another authorization server than the one that was asked: nothing was done.');
    if (error != null) throw forbidden(`The authorization server has refused (${error.slice(0, 100)}).`);
    if (!code) throw badInput('input.code', 'is missing: it comes with the person from the authorization server.');
    const account = await exchange(settings, pending, code, issuer ?? undefined);
    await this.#accounts.keep(user.userId, server, account);
    this.#chat.models.toolServers.forget(user.userId, server);
    return server;
  }

  /** Forgets an account, whose tokens are given back soon; twice is once. @throws {CodedError} FORBIDDEN. */
  async disconnect(user: UserIdentity, name: string): Promise<void> {
    sessionOf(user);
    const { userId } = user;
    const count = await this.#chat.db.$transaction((tx) => this.#ended.end(tx, userId, name), TRANSACTION);
    const { toolServers } = this.#chat.models;
    toolServers.forget(userId, name);
    if (count === 0 && !(await toolServers.settingsOf(name, user)))
      throw notFound('A tool server of that name that people connect accounts with');
  }

  async #settings(user: UserIdentity, name: string): Promise<ToolServerSettings> {
    const settings = await this.#chat.models.toolServers.settingsOf(name, user);
    if (!settings) throw notFound('A tool server of that name that people connect accounts with');
    return settings;
  }

  /** Returns this product as a client: as it is written, as its document says, or as it has registered itself. */
  async #client(settings: ToolServerSettings, found: Discovered, redirectUri: string): Promise<OAuthClient> {
    const { client_id, client_secret } = settings.oauth!;
    if (client_id !== undefined) return { client_id, ...(client_secret !== undefined && { client_secret }) };
    const document = clientDocument(this.#chat.config);
    if (found.takesDocuments && document.client_id.startsWith('https:')) return { client_id: document.client_id };
    const { toolClient } = this.#chat.db;
    const id = digestOf(`${found.server.issuer} ${redirectUri}`);
    const known = this.#kept(await toolClient.findUnique({ where: { id } }), found.server.issuer);
    if (known) return known;
    if (found.registrationEndpoint === undefined)
      throw new CodedError(
        'NOT_CONFIGURED',
        'The authorization server registers no clients: the administrator sets oauth.client_id in llm.yaml.',
      );
    const client = await register(settings, found, redirectUri);
    const sealed = this.#secrets.seal(CLIENT, JSON.stringify({ issuer: found.server.issuer, client }));
    await toolClient.upsert({ where: { id }, create: { id, sealed }, update: { sealed, createdAt: new Date() } });
    return client;
  }

  /** Returns a client that was kept; undefined where it is over, or cannot be opened: another is registered then. */
  #kept(row: { readonly sealed: string; readonly createdAt: Date } | null, issuer: string): OAuthClient | undefined {
    // A server may have forgotten it, and tells that to the person alone.
    if (!row || Date.now() - row.createdAt.getTime() > CLIENT_MS) return undefined;
    const { sealed } = row;
    const kept = ifOpen(() => JSON.parse(this.#secrets.open(CLIENT, sealed)) as { issuer: string; client: unknown });
    if (kept?.issuer !== issuer) return undefined;
    const client = readClient(kept.client);
    const end = client.client_secret_expires_at ?? 0;
    return end === 0 || end * 1_000 > Date.now() + LIFE_MS ? client : undefined;
  }

  #pending(row: Owner & { readonly sealed: string }): PendingAccount {
    const kept = ifOpen(() => openOwn<{ pending: unknown }>(this.#secrets, PENDING, row));
    if (!kept) throw changed();
    return readPending(kept.pending);
  }
}

/** Returns what was opened; undefined where it was sealed with a secret that is not accepted any more. */
function ifOpen<Kept>(open: () => Kept): Kept | undefined {
  try {
    return open();
  } catch {
    return undefined;
  }
}

const changed = (): CodedError =>
  new CodedError('CONFLICT', 'The tool server has changed meanwhile: begin again with connectToolServer.');

/** An account lets replies act for a person elsewhere: that needs the person, not their key or an app of theirs. */
function sessionOf({ sessionId }: UserIdentity): string {
  if (sessionId === undefined)
    throw forbidden('Accounts at tool servers are connected by the person alone: sign in, without a key or an app.');
  return sessionId;
}
