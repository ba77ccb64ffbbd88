import type { IncomingMessage, ServerResponse } from 'node:http';
import { CodedError } from '#platform/base/errors/errors.ts';
import { httpStatusOf } from '#platform/base/errors/http-status.ts';
import { parseObject } from '#platform/base/json/objects.ts';
import { leaveUnread } from '#platform/net/http/leave-unread.ts';
import { readBody } from '#platform/net/http/web.ts';
import type { Callbacks } from '#platform/net/transport/callbacks.ts';
import { refuseMethod } from '../server/pages.ts';

/** Where subgraphs send the events of subscriptions over Apollo's HTTP callback protocol. */
export const CALLBACK_PATH = '/callback/';

/** The way to the other processes behind the same port, one of which has the subscription. */
export interface RelayCallback {
  /** Returns whether another process has the subscription. */
  has(id: string): Promise<boolean>;
  /** Hands on what a subgraph has sent. Returns the status of the answer; 404 where no process has the subscription. */
  send(id: string, message: unknown): Promise<number>;
}

/** What the gateway makes: nothing else is asked of other processes. */
const ID = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/;

const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Creates the handler of callbacks. Who sends one proves by the verifier that it was asked: the path of one that is not
 * known is a 404, and its body is not read.
 *
 * @param relay for several processes behind one port, of which any gets the request.
 */
export function createCallbackHandler(callbacks: Callbacks, relay: RelayCallback | undefined) {
  return async (request: IncomingMessage, response: ServerResponse, path: string): Promise<void> => {
    const id = path.slice(CALLBACK_PATH.length);
    const answer = (status: number): void => {
      response.writeHead(status, { 'subscription-protocol': 'callback/1.0', 'content-length': 0 }).end();
    };
    if (request.method !== 'POST') return refuseMethod(response, ['POST']);
    const isOwn = callbacks.has(id);
    if (!isOwn && (!relay || !ID.test(id) || !(await relay.has(id)))) return answer(404);
    try {
      const message = parseObject((await readBody(request, MAX_BYTES)).toString());
      return answer(isOwn ? await callbacks.receive(id, message) : await relay!.send(id, message));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      leaveUnread(response);
      return answer(httpStatusOf(error.code));
    }
  };
}
