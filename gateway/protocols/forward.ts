import type { IncomingMessage, ServerResponse } from 'node:http';
import { abortSignalOf } from '#platform/base/cancellation/cancellation.ts';
import type { Config } from '#platform/base/config/config.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { httpStatusOf } from '#platform/base/errors/http-status.ts';
import type { Authenticator } from '#platform/identity/authenticator.ts';
import { CLIENT_HEADER, writeClientInfo } from '#platform/identity/client-info.ts';
import { ANONYMOUS } from '#platform/identity/identity.ts';
import { watchClient } from '#platform/net/http/client-left.ts';
import { sendResponse, toRequest } from '#platform/net/http/web.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';
import type { Pipeline } from '../policy/pipeline.ts';
import { credentialsOf, identify } from '../request/authentication.ts';
import { clientOf } from '../request/client.ts';
import { problem, refuseMethod, sendJson } from '../server/pages.ts';

export interface ForwardOptions {
  readonly config: Pick<Config, 'TRUSTED_PROXIES'>;
  readonly authenticator?: Authenticator | undefined;
  readonly pipeline: Pick<Pipeline, 'spend'>;
}

/** A function that passes a request on to a plain route of a subgraph: signed uploads, images, JWKS. */
export type Forward = (
  request: IncomingMessage,
  response: ServerResponse,
  transport: SubgraphTransport | undefined,
  /** The subgraph's own path, with its query. */
  path: string,
  /** Whether credentials mean nothing there; by themselves they are checked, and false ones refused. */
  isOpen?: boolean,
) => Promise<void>;

/** The methods that a plain route may declare. */
const METHODS = ['GET', 'POST', 'PUT', 'DELETE'];
/** What a subgraph is asked with: it says itself which of them a route answers. */
const ASKED = new Set([...METHODS, 'HEAD', 'PATCH']);

/**
 * Makes the way to plain routes. A request pays for it as for an operation, and reaches only what the subgraph has
 * declared as a route. What the client says about its own address is replaced by what this gateway saw.
 */
export function createForward({ config, authenticator, pipeline }: ForwardOptions): Forward {
  return async function forward(request, response, transport, path, isOpen = false): Promise<void> {
    if (!ASKED.has(request.method ?? '')) return refuseMethod(response, METHODS);
    if (!transport) return sendJson(response, 404, problem('NOT_FOUND', 'No such subgraph.'));
    const left = watchClient(response);
    try {
      const client = clientOf(request, config.TRUSTED_PROXIES);
      const identity = isOpen
        ? ANONYMOUS
        : await identify(authenticator, credentialsOf(request, authenticator), client);
      const refusal = await pipeline.spend(identity, client);
      if (refusal) throw refusal;
      const forwarded = toRequest(request, path, abortSignalOf(left));
      forwarded.headers.set(CLIENT_HEADER, writeClientInfo(client));
      await sendResponse(response, await transport.fetch(forwarded, identity));
    } catch (error) {
      if (left.aborted) return;
      if (!(error instanceof CodedError)) throw error;
      const { retryAfter } = error.extensions;
      if (typeof retryAfter === 'number') response.setHeader('retry-after', String(retryAfter));
      sendJson(response, httpStatusOf(error.code), problem(error.code, error.message));
    }
  };
}
