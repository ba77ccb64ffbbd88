import type { SubgraphDefinition } from '#platform/host/definition.ts';
import type { Platform } from '#platform/host/platform.ts';
import { openStorage } from '#platform/host/storage.ts';
import { createMailer } from '#platform/identity/mailer.ts';
import { REVOCATION_TOPIC, revocationSchema } from '#platform/identity/revocations.ts';
import { ProcessCensus } from '#platform/realtime/processes/process-census.ts';
import { type Prisma, PrismaClient } from '#prisma/auth/client/client.ts';
import { ensureConfiguredAdmin } from './accounts/first-admin.ts';
import { AttemptLimits } from './attempt-limits.ts';
import { Changes } from './change.ts';
import { startCleanup } from './cleanup.ts';
import { ClientDocuments, openDocumentFetch } from './clients/client-documents.ts';
import { Clients } from './clients/clients.ts';
import { RegisteredClients } from './clients/registered-clients.ts';
import { createEmailPseudonym } from './email.ts';
import { AccessTokens } from './keys/access-tokens.ts';
import { SigningKeys } from './keys/signing-keys.ts';
import { createLoaders } from './loaders.ts';
import { OutgoingMail } from './mail/outgoing-mail.ts';
import { authMetrics } from './metrics.ts';
import type { AuthParts } from './parts.ts';
import { Lockout } from './passwords/lockout.ts';
import { PasswordHasher } from './passwords/password-hasher.ts';
import { createResolvers } from './resolvers/resolvers.ts';
import { createRoutes } from './routes.ts';
import { AppSessions } from './sessions/app-sessions.ts';
import { DeviceTokens } from './sessions/device-token.ts';
import { RefreshTokens } from './sessions/refresh-token.ts';
import { Rotation } from './sessions/rotation.ts';
import { Sessions } from './sessions/sessions.ts';

/** Mail servers think ill of a client that opens many connections. */
const MAILS_AT_ONCE = 1;

/** Accounts, sessions, API keys, roles, and the audit log. */
export const auth: SubgraphDefinition = {
  name: 'auth',
  schemaFile: new URL('./schema.graphql', import.meta.url),
  async start(platform) {
    const parts = await openParts(platform);
    await ensureConfiguredAdmin(parts);
    // A caller who is quicker than this has it done for them.
    void platform.events.started.then(() => {
      parts.signingKeys.signer().catch((err: unknown) => platform.log.error({ err }, 'no key signs access tokens'));
      parts.jobs.start();
    });
    return {
      resolvers: createResolvers(parts),
      loaders: () => createLoaders(parts.db),
      routes: createRoutes(parts),
    };
  },
};

/** Puts the parts together; what must be closed is registered with the platform's life cycle. */
export async function openParts(platform: Platform): Promise<AuthParts> {
  const { config, log, topics, limiter, lifecycle, secrets } = platform;
  const metrics = authMetrics(platform.metrics);
  const storage = await openStorage<PrismaClient, Prisma.TransactionClient>(platform, 'auth', PrismaClient);
  const { db, outbox, parked } = storage;
  const changes = new Changes(db, topics, metrics, config);
  const signingKeys = new SigningKeys(db, changes, secrets, config, log);
  const accessTokens = new AccessTokens(signingKeys, config);
  const rotation = new Rotation({ db, changes, limiter, metrics, config });
  const pseudonym = createEmailPseudonym(secrets);
  const subscription = await topics.subscribe(REVOCATION_TOPIC, (event) => {
    if (revocationSchema.safeParse(event).data?.kind === 'signing_key') signingKeys.forget();
  });
  lifecycle.defer(() => subscription.close());
  lifecycle.use(startCleanup(db, log));
  const jobs = storage.jobs(MAILS_AT_ONCE);
  return {
    db,
    changes,
    config,
    log,
    signingKeys,
    hasher: new PasswordHasher(metrics.hashSeconds),
    lockout: new Lockout(db, pseudonym),
    limits: new AttemptLimits(limiter, changes, pseudonym, config),
    devices: new DeviceTokens(secrets),
    sessions: new Sessions({ accessTokens, refreshTokens: new RefreshTokens(secrets, 'own'), rotation, config }),
    apps: new AppSessions({
      db,
      changes,
      accessTokens,
      refreshTokens: new RefreshTokens(secrets, 'app'),
      rotation,
      signingKeys,
      config,
    }),
    clients: new Clients(new RegisteredClients(secrets), new ClientDocuments(lifecycle.use(openDocumentFetch()))),
    limiter,
    jobs,
    mail: new OutgoingMail(jobs, createMailer(config, log), secrets, log),
    outbox,
    peers: platform.peers,
    census: new ProcessCensus(topics),
    parked,
  };
}
