import type { IncomingMessage, ServerResponse } from 'node:http';
import { CodedError } from '#platform/errors/errors.ts';
import { sendResponse, toRequest } from '#platform/http/web.ts';
import type { Authenticator } from '#platform/identity/authenticator.ts';
import { CLIENT_HEADER, type ClientInfo, writeClientInfo } from '#platform/identity/client-info.ts';
import type { SubgraphTransport } from '#platform/transport/transport.ts';
import { credentialsOf, identify } from './authentication.ts';
import { sendJson } from './pages.ts';

/**
 * Passes a request on to a plain route of a subgraph: signed uploads, images, JWKS.
 *
 * @param path the subgraph's own path, with its query.
 * @param client as this gateway saw it; what the client itself says about that is replaced.
 */
export async function forward(
  request: IncomingMessage,
  response: ServerResponse,
  transport: SubgraphTransport | undefined,
  path: string,
  authenticator: Authenticator | undefined,
  client: ClientInfo,
): Promise<void> {
  if (!transport) return sendJson(response, 404, problem('NOT_FOUND', 'No such subgraph.'));
  const aborter = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) aborter.abort();
  });
  try {
    const identity = await identify(authenticator, credentialsOf(request));
    const forwarded = toRequest(request, path, aborter.signal);
    forwarded.headers.set(CLIENT_HEADER, writeClientInfo(client));
    await sendResponse(response, await transport.fetch(forwarded, identity));
  } catch (error) {
    if (aborter.signal.aborted) return;
    if (!(error instanceof CodedError)) throw error;
    sendJson(response, error.code === 'UNAUTHENTICATED' ? 401 : 503, problem(error.code, error.message));
  }
}

const problem = (code: string, message: string) => ({ error: { code, message } });
