import { setTimeout as sleep } from 'node:timers/promises';
import type { ToolServerSettings } from '#llm/catalogue/tool-server-settings.ts';
import type { Account, Accounts, Bearer } from '#llm/tools/servers/accounts/account.ts';
import { AccountOver, refresh } from '#llm/tools/servers/accounts/authorization.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Secrets } from '#platform/base/secrets/secrets.ts';
import type { ToolAccount } from '#prisma/chat/client/client.ts';
import { type Database, TRANSACTION } from '../parts.ts';
import type { EndedAccounts } from './ended-accounts.ts';
import { isFor, openAccount, sealAccount } from './sealed-account.ts';

/** A token is refreshed so long before it ends, in ms: the call that it is for must reach the server with it. */
const AHEAD_MS = 30_000;
/** Longest time that a process takes for a refresh before another one tries, in ms. */
const REFRESH_MS = 20_000;
const POLL_MS = 100;

/** The accounts of people at tool servers, as they lie in the database: sealed, each for one person and one server. */
export class KeptAccounts implements Accounts {
  readonly #db: Database;
  readonly #secrets: Secrets;
  readonly #ended: Pick<EndedAccounts, 'giveBack'>;
  readonly #log: Logger;

  constructor(db: Database, secrets: Secrets, ended: Pick<EndedAccounts, 'giveBack'>, log: Logger) {
    this.#db = db;
    this.#ended = ended;
    this.#secrets = secrets;
    this.#log = log;
  }

  async connected(userId: string, servers: ReadonlyMap<string, ToolServerSettings>): Promise<ReadonlySet<string>> {
    const rows = await this.#db.toolAccount.findMany({ where: { userId, server: { in: [...servers.keys()] } } });
    const good = rows.filter((row) => isFor(openAccount(this.#secrets, row, this.#log), servers.get(row.server)?.url));
    return new Set(good.map(({ server }) => server));
  }

  bearer(userId: string, name: string, settings: ToolServerSettings): Bearer {
    return {
      token: async () => {
        const account = await this.#current(userId, name, settings);
        return account?.accessToken;
      },
      refused: async (token) => {
        await this.#current(userId, name, settings, token);
      },
    };
  }

  /** Keeps an account, in the place of an earlier one. */
  async keep(userId: string, server: string, account: Account): Promise<void> {
    const sealed = sealAccount(this.#secrets, userId, server, account);
    const fresh = { sealed, refreshingUntil: null, connectedAt: new Date() };
    await this.#db.toolAccount.upsert({
      where: { userId_server: { userId, server } },
      create: { userId, server, ...fresh },
      update: { ...fresh, version: { increment: 1 } },
    });
  }

  /** @param refused a token that the server does not take, though it looks good. */
  async #current(
    userId: string,
    server: string,
    settings: ToolServerSettings,
    refused?: string,
  ): Promise<Account | undefined> {
    const where = { userId, server };
    const end = performance.now() + REFRESH_MS;
    while (performance.now() < end) {
      const row = await this.#db.toolAccount.findUnique({ where: { userId_server: where } });
      const account = row ? openAccount(this.#secrets, row, this.#log) : undefined;
      // What was connected elsewhere is sent nowhere else.
      if (!row || !isFor(account, settings.url)) return undefined;
      const isLate = account.expiresAt !== undefined && account.expiresAt - AHEAD_MS < Date.now();
      if (!isLate && account.accessToken !== refused) return account;
      if (account.refreshToken === undefined) {
        if (refused !== undefined || account.expiresAt! < Date.now()) await this.#end(row);
        return refused === undefined ? account : undefined;
      }
      // A refresh token is good once: one process uses it, the others wait for what it gets.
      const now = new Date();
      const { count } = await this.#db.toolAccount.updateMany({
        where: { ...where, version: row.version, OR: [{ refreshingUntil: null }, { refreshingUntil: { lt: now } }] },
        data: { refreshingUntil: new Date(now.getTime() + REFRESH_MS) },
      });
      if (count > 0) return this.#refresh(row, account, settings);
      await sleep(POLL_MS);
    }
    return undefined;
  }

  async #refresh(row: ToolAccount, account: Account, settings: ToolServerSettings): Promise<Account | undefined> {
    const { userId, server, version } = row;
    const where = { userId, server, version };
    try {
      const next = await refresh(settings, account);
      const sealed = sealAccount(this.#secrets, userId, server, next);
      const data = { sealed, version: { increment: 1 }, refreshingUntil: null };
      return await this.#db.$transaction(async (tx) => {
        const { count } = await tx.toolAccount.updateMany({ where, data });
        if (count > 0) return next;
        // Meanwhile the person has disconnected it, or is gone: nothing else knows these tokens.
        await this.#ended.giveBack(tx, [{ userId, server, sealed }]);
        return undefined;
      }, TRANSACTION);
    } catch (error) {
      if (error instanceof AccountOver) {
        await this.#end(row);
        return undefined;
      }
      await this.#db.toolAccount.updateMany({ where, data: { refreshingUntil: null } });
      throw error;
    }
  }

  async #end({ userId, server, version }: ToolAccount): Promise<void> {
    this.#log.info({ toolServer: server, userId }, 'an account at a tool server is over; its person connects it again');
    await this.#db.toolAccount.deleteMany({ where: { userId, server, version } });
  }
}
