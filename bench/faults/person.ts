import { setTimeout as sleep } from 'node:timers/promises';
import { type GraphqlAnswer, TestUser } from '../../tests/testing/client.ts';
import { Load } from '../../tests/testing/load.ts';
import type { World } from './world.ts';

const READS_PER_SECOND = 40;
const WRITES_PER_SECOND = 2;
/** Every so many memories that are stored, one is forgotten. */
const FORGET_EVERY = 4;
/** Of the last memories, those that are searched for, too: each search embeds a text. */
const SEARCHED = 5;
const MEMORIES_PAGE = 100;
/** All faults together take longer than an access token lives. */
const EXPIRED = 'The access token has expired';

/** Reads of four subgraphs, and nothing that takes a model's time. */
const QUERY = `{
  me { id }
  conversations(first: 2) { nodes { id title } }
  memories(first: 2) { nodes { id } }
  vectorCollections(first: 2) { nodes { id } }
}`;
const REMEMBER = 'mutation ($input: RememberInput!) { remember(input: $input) { memories { id } } }';
const FORGET = 'mutation ($input: ForgetInput!) { forget(input: $input) { deletedIds } }';
const SEARCH = 'query ($input: SearchMemoriesInput!) { searchMemories(input: $input) { matches { memory { id } } } }';
const MEMORIES = `query ($first: Int!, $after: String) {
  memories(first: $first, after: $after) { nodes { id } pageInfo { hasNextPage endCursor } }
}`;

interface Found {
  readonly searchMemories: { readonly matches: readonly { readonly memory: { readonly id: string } }[] };
}
interface Memories {
  readonly memories: {
    readonly nodes: readonly { readonly id: string }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

/** A frontend before two gateways, which notes what it was told. */
export class Person {
  readonly user: TestUser;
  readonly #others: readonly TestUser[];
  /** Texts of memories that were acknowledged, by their ids. */
  readonly #kept = new Map<string, string>();
  readonly #forgotten = new Map<string, string>();
  #n = 0;
  #signingIn: Promise<void> | undefined;

  private constructor(user: TestUser, others: readonly TestUser[]) {
    this.user = user;
    this.#others = others;
  }

  static async signUp({ graph }: World): Promise<Person> {
    const user = await TestUser.signUp(graph.url);
    const others = [...graph.processes].flatMap(([name, { url }]) => {
      if (!name.startsWith('gateway') || url === graph.url) return [];
      const other = new TestUser(url, user.email, user.password);
      other.accessToken = user.accessToken;
      return [other];
    });
    const person = new Person(user, others);
    await person.send(QUERY);
    return person;
  }

  /**
   * Asks one gateway, and the other as a balancer does: where nothing listens, where the gateway is not ready, and
   * where the connection of a query breaks, which may be sent again.
   */
  async send<Data>(query: string, variables: object = {}): Promise<GraphqlAnswer<Data>> {
    const other = this.#others[0];
    // Until then there is no token: without one nothing would be answered.
    await this.#signingIn;
    try {
      const answer = await this.user.send<Data, object>(query, variables);
      if (answer.errors?.[0]?.message.startsWith(EXPIRED)) {
        this.#signingIn ??= this.#signIn().finally(() => {
          this.#signingIn = undefined;
        });
        await this.#signingIn;
        return await this.user.send<Data, object>(query, variables);
      }
      if (other === undefined || answer.errors?.[0]?.message !== 'The gateway is starting.') return answer;
    } catch (error) {
      const isRefused = (error as { cause?: { code?: string } }).cause?.code === 'ECONNREFUSED';
      if (other === undefined || !(isRefused || !query.startsWith('mutation'))) throw error;
    }
    return other.send<Data, object>(query, variables);
  }

  async #signIn(): Promise<void> {
    await this.user.signIn();
    for (const other of this.#others) other.accessToken = this.user.accessToken;
  }

  read(): Load<GraphqlAnswer<object>> {
    return new Load(READS_PER_SECOND, () => this.send<object>(QUERY));
  }

  write(): Load<GraphqlAnswer<object>> {
    return new Load(WRITES_PER_SECOND, async () => {
      const n = this.#n++;
      const text = `Buoy number ${n} lies ${n} miles off the cape.`;
      const answer = await this.send<{ remember: { memories: { id: string }[] } | null }>(REMEMBER, {
        input: { memories: [{ text }] },
      });
      const id = answer.data?.remember?.memories[0]?.id;
      if (id === undefined) return answer;
      if (n % FORGET_EVERY > 0) this.#kept.set(id, text);
      else {
        const forgot = await this.send<{ forget: { deletedIds: string[] } | null }>(FORGET, { input: { ids: [id] } });
        if (forgot.errors !== undefined) return forgot;
        this.#forgotten.set(id, text);
      }
      return answer;
    });
  }

  /**
   * How many memories are not as they were acknowledged: gone, not found by search, or there though they were
   * forgotten. Looks again until there are none, or until `patienceMs` are over.
   */
  async lost(patienceMs: number): Promise<number> {
    const deadline = performance.now() + patienceMs;
    for (;;) {
      const lost = await this.#lost().catch(() => Number.POSITIVE_INFINITY);
      if (lost === 0 || performance.now() > deadline) return lost;
      await sleep(500);
    }
  }

  async #lost(): Promise<number> {
    const there = new Set<string>();
    let after: string | null = null;
    do {
      const page: GraphqlAnswer<Memories> = await this.send(MEMORIES, { first: MEMORIES_PAGE, after });
      if (!page.data) throw new Error('the memories cannot be listed');
      for (const { id } of page.data.memories.nodes) there.add(id);
      const { hasNextPage, endCursor }: Memories['memories']['pageInfo'] = page.data.memories.pageInfo;
      after = hasNextPage ? endCursor : null;
    } while (after !== null);
    let lost = [...this.#kept.keys()].filter((id) => !there.has(id)).length;
    lost += [...this.#forgotten.keys()].filter((id) => there.has(id)).length;
    for (const [id, text] of [...this.#kept].slice(-SEARCHED)) if (!(await this.#found(text)).has(id)) lost++;
    for (const [id, text] of [...this.#forgotten].slice(-SEARCHED)) if ((await this.#found(text)).has(id)) lost++;
    return lost;
  }

  async #found(query: string): Promise<Set<string>> {
    const { data } = await this.send<Found>(SEARCH, { input: { query, limit: 10 } });
    if (!data) throw new Error('nothing can be searched');
    return new Set(data.searchMemories.matches.map(({ memory }) => memory.id));
  }
}
