import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/** A tool as the server lists it. */
export interface ListedTool {
  readonly name: string;
  readonly description?: string;
  readonly inputSchema: Readonly<Record<string, unknown>>;
  readonly annotations?: Readonly<Record<string, boolean>>;
}

interface Rpc {
  readonly id?: number | string;
  readonly method: string;
  readonly params?: { readonly name?: string; readonly arguments?: object; readonly cursor?: string };
}

/** What a call of a tool answers: a result, or whatever is done to the response. */
export type CallBehaviour = (
  call: { readonly name: string; readonly args: object },
  response: http.ServerResponse,
) => object | undefined | Promise<object | undefined>;

/** Returns the result that holds a text. */
export const says = (text: string, more: object = {}): object => ({ content: [{ type: 'text', text }], ...more });

/**
 * A server of the Model Context Protocol over real HTTP that lies on demand: what a server made with a library cannot
 * do. It speaks Streamable HTTP, or the SSE of before 2025.
 */
export class LyingToolServer implements AsyncDisposable {
  tools: readonly ListedTool[] = [];
  call: CallBehaviour = () => says('done');
  /** Called before any message is answered; true when the response has been dealt with. */
  before: (request: http.IncomingMessage, response: http.ServerResponse) => boolean = () => false;
  /** Tools of one page of the list. */
  pageSize = 1_000;
  readonly calls: { readonly name: string; readonly args: object }[] = [];
  readonly seen: http.IncomingMessage[] = [];
  lists = 0;
  #stream: http.ServerResponse | undefined;
  readonly #old: boolean;
  readonly #server = http.createServer((request, response) => void this.#serve(request, response));

  private constructor(old: boolean) {
    this.#old = old;
  }

  static async start(tools: readonly ListedTool[], { old = false } = {}): Promise<LyingToolServer> {
    const server = new LyingToolServer(old);
    server.tools = tools;
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    this.seen.push(request);
    if (this.before(request, response)) return;
    if (request.method === 'GET' && this.#old) {
      this.#stream = response;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('event: endpoint\ndata: /messages\n\n');
      return;
    }
    if (request.method !== 'POST' || (this.#old && request.url !== '/messages')) {
      response.writeHead(405).end();
      return;
    }
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const message = JSON.parse(Buffer.concat(pieces).toString()) as Rpc;
    if (message.id === undefined) {
      response.writeHead(202).end();
      return;
    }
    const answer = await this.#answer(message, response);
    if (answer === undefined) return;
    const text = JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answer });
    if (this.#old) {
      response.writeHead(202).end();
      this.#stream?.write(`data: ${text}\n\n`);
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' }).end(text);
  }

  async #answer({ method, params }: Rpc, response: http.ServerResponse): Promise<object | undefined> {
    if (method === 'initialize') {
      const serverInfo = { name: 'liar', version: '1' };
      return { result: { protocolVersion: '2025-06-18', capabilities: { tools: {} }, serverInfo } };
    }
    if (method === 'tools/list') {
      this.lists++;
      const from = Number(params?.cursor ?? 0);
      const next = from + this.pageSize;
      const tools = this.tools.slice(from, next);
      return { result: { tools, ...(next < this.tools.length && { nextCursor: String(next) }) } };
    }
    if (method === 'tools/call') {
      const call = { name: params!.name!, args: params!.arguments ?? {} };
      this.calls.push(call);
      const result = await this.call(call, response);
      return result && { result };
    }
    return { error: { code: -32_601, message: 'Method not found' } };
  }
}
