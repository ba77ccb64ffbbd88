import { LRUCache } from 'lru-cache';
import { Counter, type Registry } from 'prom-client';
import type { Logger } from '#platform/base/log/log.ts';
import { once } from '#platform/base/metrics/once.ts';
import type { Identity, UserIdentity } from '#platform/identity/identity.ts';
import type { ToolServerSettings, ToolServerSettingsMap } from '../../catalogue/tool-server-settings.ts';
import type { OutsideTool } from '../registry.ts';
import type { Accounts } from './accounts/account.ts';
import { outsideTool, ToolServer, type ToolServerState } from './tool-server.ts';

/** Most servers that are open with the accounts of people: each is a connection. */
const MAX_PERSONAL = 500;

/** A tool server as its users see it. */
export interface ToolServerInfo {
  readonly name: string;
  readonly description: string | undefined;
  readonly state: ToolServerState;
  /** Whether the caller has connected an account; undefined where the server is used without one. */
  readonly connected: boolean | undefined;
  /** For administrators: why it is down, and what of its list is not offered. */
  readonly problems: readonly string[];
  readonly tools: readonly { readonly name: string; readonly description: string; readonly asks: boolean }[];
}

/** The tool servers of llm.yaml, as it is now. */
export class ToolServers implements AsyncDisposable {
  readonly #settings: () => Promise<ToolServerSettingsMap>;
  readonly #log: Logger;
  readonly #freshMs: number | undefined;
  readonly #servers = new Map<string, ToolServer>();
  /** Of people with accounts. Those that were not used for long are at rest; a reply that has one wakes it. */
  readonly #personal = new LRUCache<string, ToolServer>({
    max: MAX_PERSONAL,
    dispose: (server) => void server.rest(),
  });
  readonly #calls: Counter<'server' | 'outcome'>;

  /** @param freshMs how long a list of tools is good for; for tests. */
  constructor(settings: () => Promise<ToolServerSettingsMap>, log: Logger, registry: Registry, freshMs?: number) {
    this.#settings = settings;
    this.#freshMs = freshMs;
    this.#log = log;
    this.#calls = once(registry, createCallCounter);
  }

  /** Returns the names of those that a caller may use. */
  async names(identity: Identity): Promise<string[]> {
    return (await this.#usable(identity)).map(([name]) => name);
  }

  /**
   * Returns those that a caller may use, with their tools: those that were not asked yet are asked now.
   *
   * @param accounts of people, for those servers where each signs in.
   */
  async list(identity: Identity, accounts: Accounts): Promise<ToolServerInfo[]> {
    const usable = await this.#usable(identity);
    const opened = await this.#opened(usable, identity, accounts);
    return Promise.all(
      usable.map(async ([name, { description, oauth }]) => {
        const server = opened.get(name);
        const tools = (await server?.tools()) ?? [];
        const { state = 'unknown', problems = [] } = server ?? {};
        return { name, description, state, problems, tools, connected: oauth && server !== undefined };
      }),
    );
  }

  /** Returns the tools of the named servers, as far as the caller may use them and they answer. */
  async offered(names: readonly string[], identity: Identity, accounts: Accounts): Promise<OutsideTool[]> {
    const usable = (await this.#usable(identity)).filter(([name]) => names.includes(name));
    const chosen = [...(await this.#opened(usable, identity, accounts)).values()];
    const tools = await Promise.all(
      chosen.map(async (server) => (await server.tools()).map((tool) => this.#counted(outsideTool(server, tool)))),
    );
    return tools.flat();
  }

  /** Returns the settings of one where each person signs in; undefined where it is none, or not the caller's to use. */
  async settingsOf(name: string, identity: Identity): Promise<ToolServerSettings | undefined> {
    const [, settings] = (await this.#usable(identity)).find(([one]) => one === name) ?? [];
    return settings?.oauth && settings;
  }

  /** Returns the settings of one where each person signs in, whatever roles it wants; undefined: it is none. */
  async withAccounts(name: string): Promise<ToolServerSettings | undefined> {
    const settings = (await this.#settings()).get(name);
    return settings?.oauth && settings;
  }

  /** Returns the names of those where each person signs in. */
  async namesWithAccounts(): Promise<ReadonlySet<string>> {
    return new Set([...(await this.#settings())].filter(([, { oauth }]) => oauth).map(([name]) => name));
  }

  /** Forgets what was opened with the account of a person. */
  forget(userId: string, name: string): void {
    this.#personal.delete(personalKey(userId, name));
  }

  /** Opens servers: where each person signs in, one of their own, if they have an account. */
  async #opened(
    usable: readonly (readonly [string, ToolServerSettings])[],
    identity: Identity,
    accounts: Accounts,
  ): Promise<Map<string, ToolServer>> {
    const { userId } = identity as Partial<UserIdentity>;
    const isPersonal = usable.some(([, { oauth }]) => oauth);
    const connected = isPersonal && userId !== undefined ? await accounts.connected(userId, new Map(usable)) : NONE;
    const opened = new Map<string, ToolServer>();
    for (const [name, settings] of usable) {
      if (!settings.oauth) opened.set(name, this.#server(name, settings));
      else if (connected.has(name)) opened.set(name, this.#serverOf(userId!, name, settings, accounts));
    }
    return opened;
  }

  #counted(tool: OutsideTool): OutsideTool {
    const { server } = tool;
    return {
      ...tool,
      run: async (args, context) => {
        try {
          const text = await tool.run(args, context);
          this.#calls.inc({ server, outcome: 'ok' });
          return text;
        } catch (error) {
          this.#calls.inc({ server, outcome: context.signal.aborted ? 'aborted' : 'failed' });
          throw error;
        }
      },
    };
  }

  async #usable(identity: Identity): Promise<[string, ToolServerSettings][]> {
    const settings = await this.#settings();
    for (const [name, server] of this.#servers) {
      if (isSame(settings.get(name), server.settings)) continue;
      this.#servers.delete(name);
      void server[Symbol.asyncDispose]();
    }
    const roles = identity.kind === 'user' ? identity.roles : [];
    return [...settings].filter(
      ([, { enabled, roles: wanted }]) => enabled && (wanted?.some((role) => roles.includes(role)) ?? true),
    );
  }

  #server(name: string, settings: ToolServerSettings): ToolServer {
    const server = this.#servers.get(name) ?? new ToolServer(name, settings, this.#log, this.#freshMs);
    this.#servers.set(name, server);
    return server;
  }

  #serverOf(userId: string, name: string, settings: ToolServerSettings, accounts: Accounts): ToolServer {
    const key = personalKey(userId, name);
    const known = this.#personal.get(key);
    if (known && isSame(settings, known.settings)) return known;
    const bearer = accounts.bearer(userId, name, settings);
    const server = new ToolServer(name, settings, this.#log, this.#freshMs, bearer);
    this.#personal.set(key, server);
    return server;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const all = [...this.#servers.values(), ...this.#personal.values()];
    await Promise.all(all.map((server) => server[Symbol.asyncDispose]()));
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Names have no spaces. */
const personalKey = (userId: string, name: string): string => `${name} ${userId}`;

const isSame = (one: ToolServerSettings | undefined, other: ToolServerSettings): boolean =>
  one !== undefined && JSON.stringify(one) === JSON.stringify(other);

const createCallCounter = (registry: Registry) =>
  new Counter({
    name: 'sextant_tool_server_calls_total',
    help: 'Calls of tools of tool servers, by server and outcome.',
    labelNames: ['server', 'outcome'],
    registers: [registry],
  });
