import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ExecutionResult } from 'graphql';
import { type Logger, pino } from 'pino';
import { Registry } from 'prom-client';
import { loadConfig } from '#platform/base/config/config.ts';
import { migratePostgres } from '#platform/data/database/migrate-postgres.ts';
import { buildTemplate } from '#platform/data/database/template.ts';
import { createTestDatabase, POSTGRES_TEST_URL } from '#platform/data/database/testing/test-database.ts';
import type { SubgraphDefinition } from '#platform/host/definition.ts';
import { createSubgraph, type HostedSubgraph } from '#platform/host/host.ts';
import { openPlatform } from '#platform/host/open.ts';
import type { Credentials } from '#platform/identity/authenticator.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';
import { TokenVerifier } from '#platform/identity/token-verifier.ts';
import { createLoaders } from '../loaders.ts';
import type { AuthParts } from '../parts.ts';
import { createResolvers } from '../resolvers/resolvers.ts';
import { createRoutes } from '../routes.ts';
import { auth, openParts } from '../subgraph.ts';

export const PASSWORD = 'correct horse battery staple';

export interface Answer<Data = Record<string, never>> {
  readonly data: Data | null;
  /** Code of the first error. */
  readonly code: string | undefined;
  readonly message: string | undefined;
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
}

export interface SignedInUser {
  readonly id: string;
  readonly email: string;
  readonly sessionId: string;
  readonly accessToken: string;
  readonly refreshToken: string;
}

/**
 * The subgraph on a database of its own, and what a gateway does in front of it. The database is embedded, or on the
 * server of POSTGRES_TEST_URL.
 */
export class AuthWorld implements AsyncDisposable {
  readonly parts: AuthParts;
  readonly subgraph: HostedSubgraph;
  readonly verifier: TokenVerifier;
  readonly #parts: WorldParts;

  private constructor(parts: WorldParts) {
    this.#parts = parts;
    this.parts = parts.parts;
    this.subgraph = parts.subgraph;
    this.verifier = this.newVerifier();
  }

  static async open(env: Record<string, string> = {}, log: Logger = pino({ level: 'silent' })): Promise<AuthWorld> {
    const root = path.resolve(import.meta.dirname, '../../..');
    const lifecycle = new AsyncDisposableStack();
    const directory = await mkdtemp(path.join(tmpdir(), 'sextant-auth-'));
    lifecycle.defer(() => rm(directory, { recursive: true, force: true }));
    // On a real server sessions really run at the same time.
    const database = POSTGRES_TEST_URL && {
      DATABASE_URL: lifecycle.use(await createTestDatabase()).url,
      JWT_SECRET: 'the secret of tests on a real Postgres',
    };
    const unlimited = { LOGINS_PER_MINUTE: '100000', SIGNUPS_PER_HOUR: '100000', ACCOUNT_MAILS_PER_HOUR: '100000' };
    const common = { NODE_ENV: 'test', SEXTANT_DIR: directory, EMBEDDED_FSYNC: 'false' };
    const config = loadConfig({ ...common, ...unlimited, ...database, ...env }, root);
    if (config.DATABASE_URL === undefined) await buildTemplate(root);
    else await migratePostgres(config, config.DATABASE_URL);
    const platform = await openPlatform({
      config,
      log,
      metrics: new Registry(),
      lifecycle,
      transportOf: () => undefined,
    });
    // A busy machine may take longer to open it than the first transaction waits.
    await platform.database.opened;
    const own = new AsyncDisposableStack();
    let parts: AuthParts | undefined;
    // The same as auth.start, keeping hold of the parts for what tests must look at from behind.
    const definition: SubgraphDefinition = {
      ...auth,
      async start(given) {
        parts = await openParts(given);
        parts.jobs.start();
        return {
          resolvers: createResolvers(parts),
          loaders: () => createLoaders(parts!.db),
          routes: createRoutes(parts),
        };
      },
    };
    const subgraph = await createSubgraph(definition, platform.of('auth', own));
    platform.events.start();
    lifecycle.use(subgraph);
    return new AuthWorld({ parts: parts!, subgraph, platform, lifecycle, log });
  }

  get platform() {
    return this.#parts.platform;
  }

  /** As another replica of the gateway, or the same one after a restart, would make it. */
  newVerifier(options: { pollMs?: number; fetch?: (request: Request) => Promise<Response> } = {}): TokenVerifier {
    const verifier = new TokenVerifier({
      fetch: options.fetch ?? ((request) => this.subgraph.fetch(request, { kind: 'service', service: 'gateway' })),
      topics: this.#parts.platform.topics,
      log: this.#parts.log,
      issuer: this.parts.config.JWT_ISSUER,
      audience: this.parts.config.JWT_AUDIENCE,
      appIssuer: this.parts.config.publicUrl,
      pollMs: options.pollMs ?? 60_000,
    });
    this.#parts.lifecycle.use(verifier);
    return verifier;
  }

  /** As a client asks: the credentials are verified as a gateway would. */
  async ask<Data = Record<string, never>>(
    query: string,
    variables: Record<string, unknown> = {},
    credentials: Credentials | Identity = {},
    client: ClientInfo = { ipAddress: '192.0.2.1', userAgent: 'vitest' },
  ): Promise<Answer<Data>> {
    const identity = 'kind' in credentials ? credentials : await this.verifier.authenticate(credentials);
    const request = { query, variables, identity, client, requestId: randomUUID() };
    const { result } = await this.subgraph.transport.execute(request);
    const answer = JSON.parse(JSON.stringify(result)) as ExecutionResult<Data>;
    const error = answer.errors?.[0];
    const extensions = error?.extensions;
    return { data: answer.data ?? null, code: extensions?.['code'] as string, message: error?.message, extensions };
  }

  login(email: string, password: string) {
    return this.ask<LoginAnswer>(LOGIN, { input: { email, password } });
  }

  /** A new user, signed in. */
  async user(name = `user-${randomUUID()}`): Promise<SignedInUser> {
    const email = `${name}@example.org`;
    const { code, message } = await this.ask(REGISTER, { input: { email, password: PASSWORD } });
    if (message !== undefined) throw new Error(`registration failed: ${code} ${message}`);
    return this.signIn(email);
  }

  async admin(): Promise<SignedInUser> {
    const user = await this.user();
    await this.parts.db.user.update({ where: { id: user.id }, data: { roles: ['user', 'admin'] } });
    return this.signIn(user.email);
  }

  async signIn(email: string, password = PASSWORD): Promise<SignedInUser> {
    const answer = await this.login(email, password);
    if (answer.data?.login == null) throw new Error(`sign-in failed: ${answer.message}`);
    const { user, session, tokens } = answer.data.login;
    return {
      id: user.id,
      email,
      sessionId: session.id,
      accessToken: tokens.accessToken,
      refreshToken: tokens.refreshToken,
    };
  }

  refresh(refreshToken: string) {
    return this.ask<{ refresh: { tokens: Tokens } }>(REFRESH, { input: { refreshToken } });
  }

  /** The types of the audit events about a user, oldest first. */
  async audit(userId: string): Promise<string[]> {
    const events = await this.parts.db.auditEvent.findMany({ where: { userId }, orderBy: { id: 'asc' } });
    return events.map(({ type }) => type);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#parts.lifecycle.disposeAsync();
  }
}

interface WorldParts {
  readonly parts: AuthParts;
  readonly subgraph: HostedSubgraph;
  readonly platform: Awaited<ReturnType<typeof openPlatform>>;
  readonly lifecycle: AsyncDisposableStack;
  readonly log: Logger;
}

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

interface LoginAnswer {
  readonly login: {
    readonly user: { readonly id: string };
    readonly session: { readonly id: string };
    readonly tokens: Tokens;
  };
}

export const bearer = (token: string): Credentials => ({ authorization: `Bearer ${token}` });

export const REGISTER =
  'mutation($input: RegisterInput!) { register(input: $input) { email emailVerificationRequired message } }';
export const LOGIN =
  'mutation($input: LoginInput!) { login(input: $input) { user { id } session { id } tokens { accessToken refreshToken } } }';
export const REFRESH =
  'mutation($input: RefreshInput!) { refresh(input: $input) { tokens { accessToken refreshToken } } }';
export const ME = '{ me { id email roles displayName } }';
