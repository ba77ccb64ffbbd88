import { v7 as uuidv7 } from 'uuid';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import { keyConnection, keyPage, type PageArguments } from '#platform/data/paging/key-paging.ts';
import { type CountedConnection, MAX_COUNT } from '#platform/data/paging/paging.ts';
import { requireAdmin, type UserIdentity } from '#platform/identity/identity.ts';
import type { Context } from '#prisma/memory/client/client.ts';
import { numberInput, textInput } from './input.ts';
import { PAGES } from './pages.ts';
import type { Database } from './parts.ts';
import type { MemoryQuotas } from './quota.ts';

export interface ScopeInput {
  readonly scope: 'USER' | 'CONVERSATION' | 'APPLICATION';
  readonly conversationId?: string | null;
  readonly application?: string | null;
}

const MAX_VALUE = 64 * 1024;
const MAX_TTL_S = 31_536_000;
const MAX_KEY = 200;

/** Where entries are: a name that is unique among all scopes, and its columns. */
interface ScopeColumns {
  readonly scope: string;
  readonly userId: string | null;
  readonly conversationId: string | null;
  readonly application: string | null;
}

/**
 * The short-lived state by key, with optimistic concurrency. Entries of a conversation belong to the user too: another
 * participant, or a user who guesses its id, has entries of their own under it.
 */
export class Contexts {
  readonly #db: Database;
  readonly #quotas: MemoryQuotas;

  constructor(db: Database, quotas: MemoryQuotas) {
    this.#db = db;
    this.#quotas = quotas;
  }

  async get(user: UserIdentity, scope: ScopeInput, key: string): Promise<Context | null> {
    const columns = columnsOf(user, scope);
    return this.#db.context.findFirst({
      where: { scope: columns.scope, key: textInput('input.key', key, MAX_KEY), ...ALIVE() },
    });
  }

  async list(user: UserIdentity, scope: ScopeInput, args: PageArguments): Promise<CountedConnection<Context>> {
    const page = keyPage('contexts', args, { key: 'text', ...PAGES });
    const where = { scope: columnsOf(user, scope, 'scope').scope, ...ALIVE() };
    const found = await this.#db.context.findMany({
      where: {
        ...where,
        ...(page.after !== undefined && { key: { gt: page.after } }),
      },
      orderBy: { key: 'asc' },
      take: page.take + 1,
    });
    const totalCount = () => this.#db.context.count({ where, take: MAX_COUNT });
    return { ...keyConnection(found, page, (entry) => entry.key), totalCount };
  }

  /**
   * @throws {CodedError} CONFLICT with `currentVersion` when the entry does not have the version expected;
   * QUOTA_EXCEEDED.
   */
  async set(
    user: UserIdentity,
    input: {
      scope: ScopeInput;
      key: string;
      value: unknown;
      ttlSeconds?: number | null;
      expectedVersion?: number | null;
    },
  ): Promise<Context> {
    if (input.scope.scope === 'APPLICATION') requireAdmin(user);
    const columns = columnsOf(user, input.scope);
    const key = textInput('input.key', input.key, MAX_KEY);
    const value = jsonInput(input.value);
    const ttl = input.ttlSeconds == null ? null : numberInput('input.ttlSeconds', input.ttlSeconds, 1, MAX_TTL_S);
    const expected = input.expectedVersion ?? null;
    // One statement decides and writes. An entry whose time is over counts as none: its successor begins with version
    // 1.
    const write = (db: Pick<Database, '$queryRaw'>) => db.$queryRaw<{ id: string }[]>`
      INSERT INTO contexts AS entry (id, scope, user_id, conversation_id, application, key, value, expires_at)
      SELECT ${uuidv7()}::uuid, ${columns.scope}, ${columns.userId}, ${columns.conversationId}, ${columns.application}, ${key},
             ${value}::jsonb, now() + ${ttl}::float8 * interval '1 second'
      WHERE ${expected}::int IS NULL OR ${expected}::int = 0
         OR EXISTS (SELECT FROM contexts WHERE scope = ${columns.scope} AND key = ${key})
      ON CONFLICT (scope, key) DO UPDATE SET
        value = EXCLUDED.value, expires_at = EXCLUDED.expires_at, updated_at = now(),
        created_at = CASE WHEN entry.expires_at <= now() THEN now() ELSE entry.created_at END,
        version = CASE WHEN entry.expires_at <= now() THEN 1 ELSE entry.version + 1 END
      WHERE ${expected}::int IS NULL
         OR ${expected}::int = CASE WHEN entry.expires_at <= now() THEN 0 ELSE entry.version END
      RETURNING id`;
    const isNew = (await this.#db.context.count({ where: { scope: columns.scope, key } })) === 0;
    const rows =
      isNew && columns.userId !== null
        ? await this.#db.$transaction(async (tx) => {
            await this.#quotas.holdContext(tx, columns.userId!);
            return write(tx);
          })
        : await write(this.#db);
    if (rows[0]) return this.#db.context.findUniqueOrThrow({ where: { id: rows[0].id } });
    throw await this.#conflict(columns.scope, key);
  }

  /** Deletes an entry. @returns its id; null when there was none. @throws {CodedError} CONFLICT as `set`. */
  async delete(
    user: UserIdentity,
    input: { scope: ScopeInput; key: string; expectedVersion?: number | null },
  ): Promise<string | null> {
    if (input.scope.scope === 'APPLICATION') requireAdmin(user);
    const { scope } = columnsOf(user, input.scope);
    const key = textInput('input.key', input.key, MAX_KEY);
    const [deleted] = await this.#db.$queryRaw<{ id: string }[]>`
      DELETE FROM contexts WHERE scope = ${scope} AND key = ${key} AND (expires_at IS NULL OR expires_at > now())
        AND (${input.expectedVersion ?? null}::int IS NULL OR version = ${input.expectedVersion ?? null}::int)
      RETURNING id::text`;
    if (
      deleted === undefined &&
      input.expectedVersion != null &&
      (await this.#db.context.count({ where: { scope, key, ...ALIVE() } }))
    )
      throw await this.#conflict(scope, key);
    return deleted?.id ?? null;
  }

  /** Deletes entries whose time is over. They are invisible before; this is for the disk. */
  async cleanup(): Promise<number> {
    return (await this.#db.context.deleteMany({ where: { expiresAt: { lte: new Date() } } })).count;
  }

  async #conflict(scope: string, key: string): Promise<CodedError> {
    const entry = await this.#db.context.findFirst({ where: { scope, key, ...ALIVE() } });
    const state = entry ? `has version ${entry.version}` : 'does not exist';
    return new CodedError('CONFLICT', `The entry ${key} ${state}: read it again and decide again.`, {
      currentVersion: entry?.version ?? 0,
    });
  }
}

const ALIVE = () => ({ OR: [{ expiresAt: null }, { expiresAt: { gt: new Date() } }] });

function columnsOf(user: UserIdentity, input: ScopeInput, at = 'input.scope'): ScopeColumns {
  const none = { userId: null, conversationId: null, application: null };
  switch (input.scope) {
    case 'USER':
      return { ...none, scope: `user:${user.userId}`, userId: user.userId };
    case 'CONVERSATION': {
      if (input.conversationId == null)
        throw badInput(`${at}.conversationId`, 'is missing: the scope is CONVERSATION.');
      const conversationId = textInput(`${at}.conversationId`, input.conversationId, 200);
      return { ...none, scope: `conversation:${user.userId}:${conversationId}`, userId: user.userId, conversationId };
    }
    case 'APPLICATION': {
      if (input.application == null) throw badInput(`${at}.application`, 'is missing: the scope is APPLICATION.');
      const application = textInput(`${at}.application`, input.application, 100);
      return { ...none, scope: `application:${application}`, application };
    }
  }
}

function jsonInput(value: unknown): string {
  const json = JSON.stringify(value ?? null);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_VALUE) throw badInput('input.value', `is ${bytes} bytes of JSON; at most ${MAX_VALUE} are accepted.`);
  return json;
}
