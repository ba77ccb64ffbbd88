import { Counter, type Registry } from 'prom-client';
import type { Logger } from '#platform/base/log/log.ts';
import { once } from '#platform/base/metrics/once.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { ToolServerSettings, ToolServerSettingsMap } from '../../catalogue/tool-server-settings.ts';
import type { OutsideTool } from '../registry.ts';
import { outsideTool, ToolServer, type ToolServerState } from './tool-server.ts';

/** A tool server as its users see it. */
export interface ToolServerInfo {
  readonly name: string;
  readonly description: string | undefined;
  readonly state: ToolServerState;
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

  /** Returns those that a caller may use, with their tools: those that were not asked yet are asked now. */
  async list(identity: Identity): Promise<ToolServerInfo[]> {
    const usable = await this.#usable(identity);
    return Promise.all(
      usable.map(async ([name, settings]) => {
        const server = this.#server(name, settings);
        const tools = await server.tools();
        const { state, problems } = server;
        return { name, description: settings.description, state, problems, tools };
      }),
    );
  }

  /** Returns the tools of the named servers, as far as the caller may use them and they answer. */
  async offered(names: readonly string[], identity: Identity): Promise<OutsideTool[]> {
    const usable = await this.#usable(identity);
    const chosen = usable.filter(([name]) => names.includes(name)).map(([name, own]) => this.#server(name, own));
    const tools = await Promise.all(
      chosen.map(async (server) => (await server.tools()).map((tool) => this.#counted(outsideTool(server, tool)))),
    );
    return tools.flat();
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

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#servers.values()].map((server) => server[Symbol.asyncDispose]()));
  }
}

const isSame = (one: ToolServerSettings | undefined, other: ToolServerSettings): boolean =>
  one !== undefined && JSON.stringify(one) === JSON.stringify(other);

const createCallCounter = (registry: Registry) =>
  new Counter({
    name: 'sextant_tool_server_calls_total',
    help: 'Calls of tools of tool servers, by server and outcome.',
    labelNames: ['server', 'outcome'],
    registers: [registry],
  });
