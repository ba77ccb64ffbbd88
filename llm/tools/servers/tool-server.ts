import type { CallToolResult } from '@modelcontextprotocol/client';
import { SingleFlight } from '#platform/base/cancellation/single-flight.ts';
import { Bulkhead } from '#platform/base/faults/bulkhead.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { beginningOf } from '#platform/base/text/text.ts';
import type { ToolServerSettings } from '../../catalogue/tool-server-settings.ts';
import { quoteOutside } from '../quoted.ts';
import { type OutsideTool, ToolFailure } from '../registry.ts';
import type { Bearer } from './accounts/account.ts';
import { TooMuch } from './bounded-fetch.ts';
import { reasonOf, ToolConnection } from './connection.ts';
import { cutToBytes, textOfResult } from './content.ts';
import { type ServedTool, servedTools } from './served-tools.ts';

/** How long a list of tools is good for, in ms. */
const FRESH_MS = 60_000;
/** How long a server that failed is left alone, in ms: replies do not wait for it one after another. */
const REST_MS = 5_000;
/** A connection that was not used for so long is closed, and the process behind it ends, in ms. */
const IDLE_MS = 900_000;
/** Most calls that wait for a place at one server; more are refused. */
const MAX_WAITING = 100;

/** The state of a server, as far as it is known. */
export type ToolServerState = 'unknown' | 'up' | 'down';

/** A tool server: connected when it is used, and again when it was lost. */
export class ToolServer implements AsyncDisposable {
  readonly name: string;
  readonly settings: ToolServerSettings;
  state: ToolServerState = 'unknown';
  /** Why it is down, or what of its list is not offered. */
  problems: readonly string[] = [];
  readonly #log: Logger;
  readonly #freshMs: number;
  readonly #bearer: Bearer | undefined;
  readonly #flights = new SingleFlight();
  readonly #places: Bulkhead;
  #connection: ToolConnection | undefined;
  #tools: readonly ServedTool[] = [];
  #listedAt = Number.NEGATIVE_INFINITY;
  #failedAt = Number.NEGATIVE_INFINITY;
  #idle: NodeJS.Timeout | undefined;
  #closed = false;

  /**
   * @param freshMs how long a list of tools is good for.
   * @param bearer the account of the one person who uses it; undefined: everybody does.
   */
  constructor(name: string, settings: ToolServerSettings, log: Logger, freshMs = FRESH_MS, bearer?: Bearer) {
    this.#freshMs = freshMs;
    this.#bearer = bearer;
    this.name = name;
    this.settings = settings;
    this.#log = log.child({ toolServer: name });
    this.#places = new Bulkhead(settings.parallel, MAX_WAITING);
  }

  /** Returns its tools. Never rejects: one that is down has none, and `problems` says why. */
  async tools(): Promise<readonly ServedTool[]> {
    if (this.#closed) return [];
    if (this.#isFresh) return this.#tools;
    if (performance.now() - this.#failedAt < REST_MS) return [];
    const { value } = await this.#flights.run('list', () => this.#list());
    return value;
  }

  get #isFresh(): boolean {
    return performance.now() - this.#listedAt < this.#freshMs && this.#connection?.closed === false;
  }

  async #list(again = true): Promise<readonly ServedTool[]> {
    let connection: ToolConnection | undefined;
    try {
      connection = await this.#connect();
      const listed = await connection.list(this.settings.connect_timeout_ms);
      const { tools, problems } = servedTools(this.name, this.settings, listed);
      if (problems.join() !== this.problems.join() && problems.length > 0)
        this.#log.warn({ problems }, 'not all tools of a server are offered');
      this.#tools = tools;
      this.problems = problems;
      this.state = 'up';
      this.#listedAt = performance.now();
      return tools;
    } catch (error) {
      // A server that was started again knows no session.
      if (again && connection?.hasLostSession(error)) {
        await this.#drop(connection);
        return this.#list(false);
      }
      this.#isDown(error);
      return [];
    }
  }

  /**
   * Calls a tool as it was offered.
   *
   * @returns what it gave, quoted for a model.
   * @throws {ToolFailure} when it failed, or is not the tool any more that it was.
   */
  async call(tool: ServedTool, args: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<string> {
    const now = (await this.tools()).find(({ name }) => name === tool.name);
    if (!now)
      throw new ToolFailure(this.state === 'down' ? `The tool cannot be used now. ${this.problems[0] ?? ''}` : GONE);
    if (now.version !== tool.version) throw new ToolFailure(CHANGED);
    if (this.#places.isFull) throw new ToolFailure('Too many calls wait for this tool. Try again later.');
    return this.#places.run(
      async () => {
        const result = await this.#ask(tool, args, signal);
        const quoted = quoteOutside(
          `the tool ${beginningOf(tool.original.replace(/\s+/g, ' '), 100)} of the server ${this.name}`,
          cutToBytes(textOfResult(result), this.settings.max_output_bytes),
        );
        if (result.isError) throw new ToolFailure(quoted);
        return quoted;
      },
      { signal },
    );
  }

  async #ask(
    tool: ServedTool,
    args: Readonly<Record<string, unknown>>,
    signal: AbortSignal,
    again = true,
  ): Promise<CallToolResult> {
    let connection: ToolConnection | undefined;
    try {
      connection = await this.#connect();
      return await connection.call(tool, args, signal, this.settings.timeout_ms);
    } catch (error) {
      // A server that was started again knows no session, and has done nothing.
      if (again && connection?.hasLostSession(error)) {
        await this.#drop(connection);
        return this.#ask(tool, args, signal, false);
      }
      const said = connection?.saidBy(error);
      if (said !== undefined)
        throw new ToolFailure(quoteOutside(`the server ${this.name}, as an error`, cutToBytes(said, 2_000)));
      // A program that does not answer in time would go on all the same; another one is started for the next call. One
      // that a person has stopped was told so, and others wait for it, too.
      const isLate = (signal.reason as Error | undefined)?.name === 'TimeoutError';
      if (isLate && this.settings.command !== undefined) await this.#drop(connection);
      if (signal.aborted) throw signal.reason;
      // Too long an answer ended the connection, not the server.
      if (error instanceof TooMuch) await this.#drop(connection);
      // A connection that was dropped for another call says nothing of the server, nor of the one that is there now.
      else if (connection === undefined || (connection.closed && connection === this.#connection)) this.#isDown(error);
      throw new ToolFailure(`The tool failed. ${reasonOf(error)}`);
    }
  }

  async #connect(): Promise<ToolConnection> {
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => void this.#drop(this.#connection), IDLE_MS).unref();
    if (this.#connection?.closed === false) return this.#connection;
    const { value } = await this.#flights.run('connect', async () => {
      const opened = await ToolConnection.open(this.settings, this.#log, this.#bearer);
      if (this.#closed) await opened[Symbol.asyncDispose]();
      this.#connection = opened;
      return opened;
    });
    return value;
  }

  async #drop(connection: ToolConnection | undefined): Promise<void> {
    if (this.#connection === connection) this.#connection = undefined;
    await connection?.[Symbol.asyncDispose]();
  }

  #isDown(error: unknown): void {
    this.state = 'down';
    this.problems = [reasonOf(error)];
    this.#failedAt = performance.now();
    this.#listedAt = Number.NEGATIVE_INFINITY;
    this.#log.warn({ err: error, reason: this.problems[0] }, 'a tool server cannot be used');
    void this.#drop(this.#connection);
  }

  /** Ends the connection, until the server is used again. */
  async rest(): Promise<void> {
    clearTimeout(this.#idle);
    await this.#drop(this.#connection);
  }

  /** Ends the connection, and the process behind it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.rest();
  }
}

const GONE = 'The server does not offer this tool any more; it was not called.';
const CHANGED =
  'The server has changed what this tool is since it was offered; it was not called. It may be offered in its new form.';

/** Returns a tool of a server as a registry takes it. */
export const outsideTool = (server: ToolServer, tool: ServedTool): OutsideTool => ({
  ...tool,
  isPersonal: server.settings.oauth !== undefined,
  timeoutMs: server.settings.timeout_ms,
  run: (args, { signal }) => server.call(tool, args, signal),
});
