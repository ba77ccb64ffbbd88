import type { Models } from '#llm/models.ts';
import type { Accounts } from '#llm/tools/servers/accounts/account.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Outbox } from '#platform/data/outbox/outbox.ts';
import type { Platform } from '#platform/host/platform.ts';
import type { PublicFetch } from '#platform/net/outbound/public-fetch.ts';
import type { Prisma, PrismaClient } from '#prisma/chat/client/client.ts';
import type { ChatMetrics } from './metrics.ts';
import type { ConversationTopics } from './topics/conversation-topics.ts';
import type { ViewerNews } from './topics/viewer-news.ts';

export type Database = PrismaClient;
/**
 * The client inside a transaction. On the embedded database nothing else may be asked meanwhile: always use this one.
 */
export type Transaction = Prisma.TransactionClient;

/** The embedded database takes one transaction at a time: a burst of them waits its turn rather than fails. */
export const TRANSACTION = { maxWait: 10_000, timeout: 30_000 } as const;

/** The parts that chat works with. */
export interface ChatParts {
  readonly db: Database;
  readonly outbox: Outbox;
  readonly models: Models;
  /** Of people at tool servers. */
  readonly accounts: Accounts;
  readonly topics: ConversationTopics;
  readonly viewers: ViewerNews;
  readonly streams: Platform['streams'];
  readonly presence: Platform['presence'];
  readonly limiter: Platform['limiter'];
  readonly places: Platform['places'];
  readonly peers: Platform['peers'];
  /** Fetches pages of the web for models. */
  readonly pages: PublicFetch;
  readonly config: Platform['config'];
  readonly metrics: ChatMetrics;
  readonly log: Logger;
}
