import { type Account, readAccount } from '#llm/tools/servers/accounts/account.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Secrets } from '#platform/base/secrets/secrets.ts';
import { openOwn, type Sealed, sealFor } from './sealed.ts';

const PURPOSE = 'accounts at tool servers';

/** Seals an account for its person and its server. */
export const sealAccount = (secrets: Secrets, userId: string, server: string, account: Account): string =>
  sealFor(secrets, PURPOSE, { userId, server }, { account });

/** Opens an account; undefined where it was sealed for another person or server, or with another secret. */
export function openAccount(secrets: Secrets, row: Sealed, log: Logger): Account | undefined {
  try {
    const kept = openOwn<{ account: unknown }>(secrets, PURPOSE, row);
    return kept && readAccount(kept.account);
  } catch (error) {
    // With another secret than before, nothing that was sealed opens: the person connects it again.
    log.warn({ err: error, toolServer: row.server }, 'an account at a tool server cannot be opened');
    return undefined;
  }
}

/** Returns whether an account was connected to the address that its server has now. */
export const isFor = (account: Account | undefined, url: string | undefined): account is Account =>
  account !== undefined && url !== undefined && account.url === new URL(url).href;
