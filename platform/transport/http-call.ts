import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import { CodedError } from '../errors/errors.ts';
import type { Endpoint } from './endpoints.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly body: Buffer;
}

export interface HttpCall {
  readonly subgraph: string;
  readonly path: string;
  readonly headers: Record<string, string>;
  readonly body: string;
  readonly timeoutMs: number;
  readonly maxBytes: number;
  readonly signal?: AbortSignal | undefined;
}

/** The subgraph could not be reached, or answered with something that is no GraphQL: another try may help. */
export class Unreachable extends Error {
  override name = 'Unreachable';
}

/**
 * One POST on a kept-alive connection, through undici's lowest interface: no streams, no promises but one.
 *
 * @throws {Unreachable} when the connection fails; {CodedError} TIMEOUT when it takes too long; the signal's reason when
 * the caller leaves; {CodedError} SUBGRAPH_UNAVAILABLE when the answer is larger than allowed.
 */
export function post(endpoint: Endpoint, call: HttpCall): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    if (call.signal?.aborted) return reject(call.signal.reason);
    let controller: Dispatcher.DispatchController | undefined;
    let failure: unknown;
    let status = 0;
    let length = 0;
    let chunks: Buffer[] = [];

    const finish = (): void => {
      clearTimeout(timer);
      call.signal?.removeEventListener('abort', left);
      endpoint.inFlight--;
    };
    const giveUp = (reason: unknown): void => {
      failure ??= reason;
      if (controller) controller.abort(failure instanceof Error ? failure : new Error(String(failure)));
    };
    const left = (): void => giveUp(call.signal!.reason);
    const timer = setTimeout(
      () => giveUp(new CodedError('TIMEOUT', `${call.subgraph} did not answer within ${call.timeoutMs} ms.`)),
      call.timeoutMs,
    );
    call.signal?.addEventListener('abort', left, { once: true });
    endpoint.inFlight++;

    endpoint.pool.dispatch(
      { path: call.path, method: 'POST', headers: call.headers, body: call.body, headersTimeout: 0, bodyTimeout: 0 },
      {
        onRequestStart(started) {
          controller = started;
          // It may have waited for a connection for longer than the caller has time.
          if (failure !== undefined) giveUp(failure);
        },
        onResponseStart(_, code: number, headers: IncomingHttpHeaders) {
          status = code;
          chunks = [];
          length = 0;
          if (Number(headers['content-length']) > call.maxBytes) giveUp(tooLarge(call));
        },
        onResponseData(_, chunk) {
          length += chunk.length;
          if (length > call.maxBytes) giveUp(tooLarge(call));
          else chunks.push(chunk);
        },
        onResponseEnd() {
          finish();
          resolve({ status, body: chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, length) });
        },
        onResponseError(_, error) {
          finish();
          reject(failure ?? new Unreachable(`${call.subgraph} cannot be reached: ${error.message}`, { cause: error }));
        },
      },
    );
  });
}

const tooLarge = (call: HttpCall): CodedError =>
  new CodedError('SUBGRAPH_UNAVAILABLE', `The answer of ${call.subgraph} is larger than ${call.maxBytes} bytes.`);
