import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request as the server saw it. */
export interface SeenRequest {
  readonly path: string;
  readonly body: Record<string, unknown>;
  readonly authorization: string | undefined;
  /** Resolves when the client's side of the connection closed before the answer was complete. */
  readonly aborted: Promise<void>;
}

export type Behaviour = (request: SeenRequest, response: http.ServerResponse) => void | Promise<void>;

/**
 * An OpenAI-compatible server that fails on demand, over real HTTP on loopback: for what a mock library cannot do to a
 * connection (stalls, cuts, web pages, broken JSON) and for latency measurements.
 */
export class FaultServer implements AsyncDisposable {
  readonly seen: SeenRequest[] = [];
  #arrivals: { readonly holding: string; readonly arrived: (request: SeenRequest) => void }[] = [];
  #behaviour: Behaviour = answer('Hello');
  readonly #server = http.createServer((request, response) => void this.#serve(request, response));

  static async start(behaviour?: Behaviour): Promise<FaultServer> {
    const server = new FaultServer();
    if (behaviour) server.#behaviour = behaviour;
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  behave(behaviour: Behaviour): void {
    this.#behaviour = behaviour;
  }

  /**
   * The next request that arrives.
   *
   * @param holding a text that it holds: what was said before may still be learned from, by requests of its own.
   */
  arrival(holding = ''): Promise<SeenRequest> {
    return new Promise((arrived) => this.#arrivals.push({ holding, arrived }));
  }

  /** Another behaviour for each of the next requests, then the last one for good. */
  script(...behaviours: Behaviour[]): void {
    let next = 0;
    this.behave((request, response) => behaviours[Math.min(next++, behaviours.length - 1)]!(request, response));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const pieces: Buffer[] = [];
    try {
      for await (const piece of request) pieces.push(piece as Buffer);
    } catch {
      return;
    }
    const text = Buffer.concat(pieces).toString();
    const aborted = new Promise<void>((resolve) => {
      response.once('close', () => {
        if (!response.writableFinished) resolve();
      });
    });
    const seen: SeenRequest = {
      path: request.url ?? '',
      body: text === '' ? {} : (JSON.parse(text) as Record<string, unknown>),
      authorization: request.headers.authorization,
      aborted,
    };
    if (request.method === 'GET' && seen.path.endsWith('/models'))
      return json(200, { data: [{ id: 'test-model' }] })(seen, response);
    this.seen.push(seen);
    const isMeant = ({ holding }: { holding: string }): boolean => text.includes(holding);
    const told = this.#arrivals.filter(isMeant);
    this.#arrivals = this.#arrivals.filter((one) => !isMeant(one));
    for (const { arrived } of told) arrived(seen);
    await this.#behaviour(seen, response);
  }
}

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'test-model', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

const usageChunk = (input: number, output: number): string =>
  `data: ${JSON.stringify({ id: 'c1', object: 'chat.completion.chunk', created: 1, model: 'test-model', choices: [], usage: { prompt_tokens: input, completion_tokens: output, total_tokens: input + output } })}\n\n`;

const open = (response: http.ServerResponse): void => {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(chunk({ role: 'assistant', content: '' }));
};

export interface AnswerOptions {
  /** Wait before the first piece, in milliseconds. */
  readonly delayMs?: number;
  /** Wait between pieces. */
  readonly gapMs?: number;
  /** Before the piece at this place, what is waited for. */
  readonly hold?: { readonly at: number; readonly until: Promise<unknown> };
  /** False: no usage is sent. */
  readonly usage?: readonly [input: number, output: number] | false;
  readonly finish?: string;
  /** False: the connection ends without [DONE]. */
  readonly done?: boolean;
}

/** A complete answer: each string one piece. */
export const answer =
  (
    content: string | readonly string[],
    { delayMs = 0, gapMs = 0, hold, usage = [10, 5], finish = 'stop', done = true }: AnswerOptions = {},
  ): Behaviour =>
  async (_request, response) => {
    if (delayMs > 0) await sleep(delayMs);
    open(response);
    for (const [index, piece] of (typeof content === 'string' ? [content] : content).entries()) {
      if (index === hold?.at) await hold.until;
      response.write(chunk({ content: piece }));
      if (gapMs > 0) await sleep(gapMs);
    }
    response.write(chunk({}, finish));
    if (usage) response.write(usageChunk(...usage));
    response.end(done ? 'data: [DONE]\n\n' : '');
  };

/** Raw deltas, for tool calls and reasoning. */
export const answerDeltas =
  (deltas: readonly object[], finish = 'stop'): Behaviour =>
  (_request, response) => {
    open(response);
    for (const delta of deltas) response.write(chunk(delta));
    response.write(chunk({}, finish));
    response.end('data: [DONE]\n\n');
  };

/** Sends some pieces and then nothing, with the connection open. */
export const stall =
  (...pieces: string[]): Behaviour =>
  (_request, response) => {
    open(response);
    for (const piece of pieces) response.write(chunk({ content: piece }));
  };

/** Sends some pieces and then destroys the connection. */
export const cut =
  (...pieces: string[]): Behaviour =>
  async (_request, response) => {
    open(response);
    for (const piece of pieces) response.write(chunk({ content: piece }));
    await sleep(5);
    response.destroy();
  };

/** Sends some pieces and closes the answer properly, but without a finish reason or [DONE]. */
export const quietEnd =
  (...pieces: string[]): Behaviour =>
  (_request, response) => {
    open(response);
    for (const piece of pieces) response.write(chunk({ content: piece }));
    response.end();
  };

/** Sends some pieces and then something that is not JSON. */
export const garbage =
  (...pieces: string[]): Behaviour =>
  (_request, response) => {
    open(response);
    for (const piece of pieces) response.write(chunk({ content: piece }));
    response.end('data: {"choices": [{"delta": {"con\n\n');
  };

/** Sends some pieces and then an error in the stream, as providers do under load. */
export const errorInStream =
  (...pieces: string[]): Behaviour =>
  (_request, response) => {
    open(response);
    for (const piece of pieces) response.write(chunk({ content: piece }));
    response.end(`data: ${JSON.stringify({ error: { message: 'overloaded', type: 'server_error' } })}\n\n`);
  };

export const html =
  (status = 200): Behaviour =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'text/html' });
    response.end('<html><body><h1>Welcome to nginx</h1> internal-host-17</body></html>');
  };

export const json =
  (status: number, body: object, headers: Record<string, string> = {}): Behaviour =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };

export const failure = (
  status: number,
  code: string,
  message = 'secret-host-17 says no',
  headers: Record<string, string> = {},
): Behaviour => json(status, { error: { message, type: code, code } }, headers);

/** Closes the connection without any answer. */
export const hangUp: Behaviour = (_request, response) => {
  response.destroy();
};
