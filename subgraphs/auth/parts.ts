import type { Config } from '#platform/base/config/config.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { JobRunner } from '#platform/data/jobs/job-runner.ts';
import type { Outbox } from '#platform/data/outbox/outbox.ts';
import type { ParkedWork } from '#platform/data/parked-work.ts';
import type { Peers } from '#platform/host/peers.ts';
import type { RateLimiter } from '#platform/identity/limits/rate-limiter.ts';
import type { ProcessCensus } from '#platform/realtime/processes/process-census.ts';
import type { Prisma, PrismaClient } from '#prisma/auth/client/client.ts';
import type { AttemptLimits } from './attempt-limits.ts';
import type { Changes } from './change.ts';
import type { Clients } from './clients/clients.ts';
import type { SigningKeys } from './keys/signing-keys.ts';
import type { OutgoingMail } from './mail/outgoing-mail.ts';
import type { Lockout } from './passwords/lockout.ts';
import type { PasswordHasher } from './passwords/password-hasher.ts';
import type { AppSessions } from './sessions/app-sessions.ts';
import type { DeviceTokens } from './sessions/device-token.ts';
import type { Sessions } from './sessions/sessions.ts';

/** The parts that the account functions work with; subgraph.ts puts it together. */
export interface AuthParts {
  readonly db: PrismaClient;
  readonly changes: Changes;
  readonly config: Config;
  readonly log: Logger;
  readonly hasher: PasswordHasher;
  readonly lockout: Lockout;
  readonly limits: AttemptLimits;
  readonly devices: DeviceTokens;
  readonly sessions: Sessions;
  /** Sessions of connected apps. */
  readonly apps: AppSessions;
  /** Apps that can be connected. */
  readonly clients: Clients;
  readonly limiter: RateLimiter;
  readonly signingKeys: SigningKeys;
  /** Sends mails. */
  readonly jobs: JobRunner<Prisma.TransactionClient>;
  readonly mail: OutgoingMail;
  readonly outbox: Outbox;
  readonly peers: Peers;
  /** Asks the processes of the installation how they are. */
  readonly census: ProcessCensus;
  /** What auth itself has parked. */
  readonly parked: ParkedWork;
}
