import type { AuthProvider, Client, FetchLike, Tool, Transport } from '@modelcontextprotocol/client';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { ToolServerSettings } from '../../catalogue/tool-server-settings.ts';
import type { Bearer } from './accounts/account.ts';
import { boundedFetch, NotFollowed, TooMuch } from './bounded-fetch.ts';
import type { ServedTool } from './served-tools.ts';

/** Most bytes of one answer of a server, beside what the model may be told of it: the rest is pictures and lists. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** The older SSE has one answer for everything that a server says. */
const MAX_STREAM_BYTES = 16 * MAX_ANSWER_BYTES;
const MAX_PAGES = 20;
/** Most messages that were not asked for, of one connection; lists that change are not among what is heard of. */
const MAX_UNASKED = 1_000;

/** A connection to a tool server. It does not come back: who finds it closed opens another. */
export class ToolConnection implements AsyncDisposable {
  readonly #client: Client;
  readonly #package: typeof import('@modelcontextprotocol/client');
  #closed = false;
  #failure: Error | undefined;
  #unasked = 0;

  private constructor(client: Client, own: typeof import('@modelcontextprotocol/client')) {
    this.#client = client;
    this.#package = own;
    client.onclose = () => {
      this.#closed = true;
    };
    const unasked = () => {
      if (++this.#unasked === MAX_UNASKED) this.fail(new TooMuch('The server says more than it was asked.'));
    };
    client.onerror = unasked;
    client.fallbackNotificationHandler = async () => unasked();
  }

  /**
   * Connects within the time limit. The package is read when the first server is used.
   *
   * @param bearer the account of the person whose connection it is; undefined: it is everybody's.
   */
  static async open(settings: ToolServerSettings, log: Logger, bearer?: Bearer): Promise<ToolConnection> {
    const own = await import('@modelcontextprotocol/client');
    const connect = async (transport: Transport, mode: 'auto' | 'legacy'): Promise<ToolConnection> => {
      const versionNegotiation = { mode, probe: { timeoutMs: settings.connect_timeout_ms } };
      const client = new own.Client({ name: 'sextant', version: '1' }, { versionNegotiation });
      const connection = new ToolConnection(client, own);
      connections.push(connection);
      await client.connect(transport, { timeout: settings.connect_timeout_ms });
      return connection;
    };
    const connections: ToolConnection[] = [];
    const told = (error: TooMuch) => connections.at(-1)?.fail(error);
    const fails = async (error: unknown): Promise<never> => {
      // Node puts the arguments of a program that cannot be started into the error: they may hold secrets.
      if (error instanceof Error) delete (error as { spawnargs?: unknown }).spawnargs;
      await connections.at(-1)?.[Symbol.asyncDispose]();
      throw connections.at(-1)?.failure ?? error;
    };
    if (settings.command !== undefined) {
      const { StdioClientTransport } = await import('@modelcontextprotocol/client/stdio');
      const { command, args, env, cwd } = settings;
      const transport = new StdioClientTransport({
        command,
        args,
        // Nothing of this process's own environment but what every program needs (PATH, HOME …).
        env,
        ...(cwd !== undefined && { cwd }),
        stderr: 'pipe',
        maxBufferSize: MAX_ANSWER_BYTES,
      });
      const note = (said: Buffer): void =>
        log.debug({ said: said.toString().slice(0, 2_000) }, 'a tool server wrote to its standard error');
      transport.stderr?.on('data', guarded({ where: 'standard error of a tool server', log }, note));
      return connect(transport, 'legacy').catch(fails);
    }
    const url = new URL(settings.url!);
    const requestInit = { headers: settings.headers };
    const reconnectionOptions = {
      maxRetries: 0,
      initialReconnectionDelay: 1_000,
      maxReconnectionDelay: 1_000,
      reconnectionDelayGrowFactor: 1,
    };
    const refusals: Refusals = new WeakMap();
    const authProvider = bearer && authProviderOf(bearer, refusals);
    const streamable = new own.StreamableHTTPClientTransport(url, {
      fetch: noting(boundedFetch(MAX_ANSWER_BYTES, told, false), refusals),
      requestInit,
      ...(authProvider && { authProvider }),
      reconnectionOptions,
    });
    try {
      return await connect(streamable, 'auto').catch(fails);
    } catch (error) {
      if (!isRefusal(error)) throw error;
      log.debug({ err: error }, 'a tool server does not speak Streamable HTTP; trying the older SSE');
    }
    const older = new own.SSEClientTransport(url, {
      fetch: noting(boundedFetch(MAX_STREAM_BYTES, told, true), refusals),
      requestInit,
      ...(authProvider && { authProvider }),
    });
    return connect(older, 'legacy').catch(fails);
  }

  /** Whether it has ended. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Why it was ended from here. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  /** Ends it: what waits for an answer is told why. */
  fail(error: Error): void {
    this.#failure ??= error;
    void this[Symbol.asyncDispose]();
  }

  /** Returns the tools, of at most so many pages, all of them within the time limit. */
  async list(timeoutMs: number): Promise<Tool[]> {
    const tools: Tool[] = [];
    let cursor: string | undefined;
    const end = performance.now() + timeoutMs;
    for (let page = 0; page < MAX_PAGES; page++) {
      const params = cursor === undefined ? {} : { cursor };
      const timeout = Math.max(1, Math.ceil(end - performance.now()));
      const answer = await this.#told(this.#client.request({ method: 'tools/list', params }, { timeout }));
      tools.push(...answer.tools);
      cursor = answer.nextCursor;
      if (cursor === undefined || answer.tools.length === 0) break;
    }
    return tools;
  }

  /** Calls a tool. Its output is not checked: a pattern in a stranger's schema can take for ever. */
  call(tool: ServedTool, args: Readonly<Record<string, unknown>>, signal: AbortSignal, timeoutMs: number) {
    const toolDefinition = { name: tool.original, inputSchema: tool.parameters as { type: 'object' } };
    return this.#told(
      this.#client.callTool({ name: tool.original, arguments: args }, { signal, timeout: timeoutMs, toolDefinition }),
    );
  }

  /**
   * Returns whether the server refuses the session, as one that was started again does: by a 404, or by a 400 that
   * names the session, as servers of the Python SDK and of others do. Any other 400 is about the request alone.
   */
  hasLostSession(error: unknown): boolean {
    if (!(error instanceof this.#package.SdkHttpError)) return false;
    return error.status === 404 || (error.status === 400 && /\bsession\b/i.test(String(error.data.text)));
  }

  /** Returns what the server itself said in an error, or undefined when it said nothing. */
  saidBy(error: unknown): string | undefined {
    return error instanceof this.#package.ProtocolError ? error.message : undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#client.close().catch(() => undefined);
  }

  async #told<Answer>(answer: Promise<Answer>): Promise<Answer> {
    try {
      return await answer;
    } catch (error) {
      throw this.#failure ?? error;
    }
  }
}

/** The tokens that were refused, by the answers that did. */
type Refusals = WeakMap<Response, string>;

/** Returns a fetch that notes which token an answer refuses: requests beside one another may have different ones. */
const noting =
  (fetch: FetchLike, refusals: Refusals): FetchLike =>
  async (url, init) => {
    const answer = await fetch(url, init);
    const token = new Headers(init?.headers).get('authorization')?.replace(/^Bearer /i, '');
    if (answer.status === 401 && token !== undefined) refusals.set(answer, token);
    return answer;
  };

/** Each request asks for the token: it may have been refreshed, by this process or another, or be gone. */
const authProviderOf = (bearer: Bearer, refusals: Refusals): AuthProvider => ({
  token: () => bearer.token(),
  async onUnauthorized({ response }) {
    const token = refusals.get(response);
    if (token !== undefined) await bearer.refused(token);
  },
});

/** Servers of before 2025 answer 4xx to the first message of today's. */
function isRefusal(error: unknown): boolean {
  const { status } = error as { readonly status?: unknown };
  return typeof status === 'number' && [400, 404, 405].includes(status);
}

/**
 * Returns in our words why a server cannot be used: models read it, too, so it repeats nothing that a server said. The
 * log has that.
 */
export function reasonOf(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof TooMuch || cause instanceof NotFollowed) return cause.message;
    const { status, code } = cause as { readonly status?: unknown; readonly code?: unknown };
    if (status === 401 || status === 403) return `The server refuses the credentials (${status}).`;
    if (typeof status === 'number') return `The server answers ${status}.`;
    if (cause.name === 'UnauthorizedError')
      return 'The server asks for an account; oauth in llm.yaml lets people connect one.';
    if (cause.name === 'InsufficientScopeError')
      return 'The account may not do this at the server; connect it again with more.';
    if (code === 'REQUEST_TIMEOUT') return 'The server does not answer in time.';
    if (code === 'CONNECTION_CLOSED') return 'The server has ended the connection.';
    if (code === 'ENOENT') return 'The command of the server was not found.';
    if (typeof code === 'string' && /^E[A-Z]+$/.test(code)) return `The server cannot be reached (${code}).`;
  }
  return 'The server does not speak the protocol as it should.';
}
