import { revoke } from '#llm/tools/servers/accounts/authorization.ts';
import type { ToolServers } from '#llm/tools/servers/tool-servers.ts';
import type { Json } from '#platform/base/json/json.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Secrets } from '#platform/base/secrets/secrets.ts';
import type { JobHandler, Jobs } from '#platform/data/jobs/jobs.ts';
import type { Database, Transaction } from '../parts.ts';
import type { Sealed } from './sealed.ts';
import { isFor, openAccount } from './sealed-account.ts';

interface Payload extends Sealed {
  /** When it is given up, in ms since 1970. */
  readonly until: number;
}

const GIVE_BACK = 'give-tokens-back';
/** How long an authorization server that cannot be reached is asked again, in ms. */
const LIFE_MS = 86_400_000;
/**
 * How long a server that takes no tokens back is left alone, as a multiple of the time that it took to say so: one that
 * swallows what it is sent holds the one place for jobs about a sixth of the time, however many accounts were there.
 */
const REST = 5;

/**
 * The accounts at tool servers that have ended: forgotten in the transaction of what ended them, and their tokens given
 * back after it (RFC 7009), as a job that waits for a server that is away, for a day at most.
 */
export class EndedAccounts {
  readonly #jobs: Jobs<Transaction>;
  readonly #db: Database;
  readonly #servers: ToolServers;
  readonly #secrets: Secrets;
  readonly #log: Logger;
  /** Servers that take no tokens back: until when they are left alone, and whose account goes on asking meanwhile. */
  readonly #resting = new Map<string, { readonly until: number; readonly userId: string }>();

  constructor(jobs: Jobs<Transaction>, db: Database, servers: ToolServers, secrets: Secrets, log: Logger) {
    this.#jobs = jobs;
    this.#db = db;
    this.#servers = servers;
    this.#secrets = secrets;
    this.#log = log;
    jobs.handle(GIVE_BACK, this.#handler());
  }

  /**
   * Ends the accounts of a person in a running transaction.
   *
   * @param server where; default: everywhere.
   * @returns how many there were.
   */
  async end(tx: Transaction, userId: string, server?: string): Promise<number> {
    // As they are at this moment: a refresh may change them until then.
    const ended = await tx.$queryRaw<Sealed[]>`
      DELETE FROM tool_accounts WHERE user_id = ${userId}::uuid AND server = coalesce(${server ?? null}, server)
      RETURNING user_id AS "userId", server, sealed`;
    await this.giveBack(tx, ended);
    return ended.length;
  }

  /** Records in a running transaction that the tokens of accounts are to be given back. */
  giveBack(tx: Transaction, accounts: readonly Sealed[]): Promise<void> {
    const until = Date.now() + LIFE_MS;
    const jobs = accounts.map(({ userId, server, sealed }) => ({ payload: { userId, server, sealed, until }, userId }));
    return this.#jobs.enqueueAll(tx, GIVE_BACK, jobs);
  }

  #handler(): JobHandler<Transaction> {
    return {
      // Its own end is a time.
      attempts: Number.POSITIVE_INFINITY,
      run: async (payload: Json, { attempt }) => {
        const ended = payload as unknown as Payload;
        const { server, until } = ended;
        try {
          if (await this.#isDone(ended)) return;
        } catch (error) {
          // Also of a server whose settings cannot be used.
          if (until > Date.now()) throw error;
        }
        if (until <= Date.now()) {
          this.#log.warn({ toolServer: server, attempts: attempt }, 'tokens could not be given back in time');
          return;
        }
        // Not as an outage, for which accounts at all other servers would wait.
        throw new Error(`The authorization server of ${server} takes no tokens back at the moment.`);
      },
    };
  }

  /** Gives the tokens back. @returns whether nothing is left to be done. */
  async #isDone(ended: Payload): Promise<boolean> {
    const { userId, server } = ended;
    const settings = await this.#servers.withAccounts(server);
    const account = openAccount(this.#secrets, ended, this.#log);
    // A server that is not configured any more, or is another one now, is asked nothing.
    if (!settings || !isFor(account, settings.url)) return true;
    // Some servers end all that a person has allowed this product with the first token: what they allowed since stays.
    if ((await this.#db.toolAccount.count({ where: { userId, server } })) > 0) return true;
    const rest = this.#resting.get(server);
    const begun = performance.now();
    if (rest && rest.userId !== userId && begun < rest.until) return false;
    const isTaken = await revoke(settings, account);
    const now = performance.now();
    if (isTaken) this.#resting.delete(server);
    else this.#resting.set(server, { until: now + REST * (now - begun), userId });
    return isTaken;
  }
}
