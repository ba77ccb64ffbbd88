import { repeated } from './repeated.ts';

/** The part of a database client that begins transactions; every generated Prisma client has it. */
interface Transactions {
  // biome-ignore lint/suspicious/noExplicitAny: a Prisma client has overloads that no one type covers.
  $transaction(...given: any[]): Promise<any>;
}

type Hook = () => void;

const hooksOf = new WeakMap<object, Hook[]>();

/**
 * Makes the interactive transactions of a client tell when they are committed: `afterCommit` then works inside them.
 * One that Postgres gives up for others is begun again (`repeated`), so its work may run more than once, and what it
 * changes outside of the transaction has to bear that.
 *
 * @returns the same client.
 */
export function tellsCommits<Client>(client: Client): Client {
  const { $transaction } = client as Transactions;
  const begin = $transaction.bind(client);
  const transaction: Transactions['$transaction'] = async (work: unknown, ...options) => {
    if (typeof work !== 'function') return begin(work, ...options);
    let hooks: Hook[] = [];
    const result: unknown = await repeated(() =>
      begin(
        (tx: object) => {
          hooks = [];
          hooksOf.set(tx, hooks);
          return work(tx);
        },
        ...options,
      ),
    );
    for (const hook of hooks) hook();
    return result;
  };
  Object.defineProperty(client as Transactions, '$transaction', { value: transaction });
  return client;
}

/**
 * Calls `hook` when the transaction is committed, and never when it is rolled back. It must not throw. When the process
 * loses the answer to its commit, the hook is not called although the transaction may be committed.
 *
 * @throws {TypeError} the client of the transaction does not tell: `openStorage` opens clients that do.
 */
export function afterCommit(tx: object, hook: () => void): void {
  const hooks = hooksOf.get(tx);
  if (!hooks) throw new TypeError('The transaction belongs to a client that does not tell when it commits.');
  hooks.push(hook);
}
