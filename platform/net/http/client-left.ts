import type { IncomingMessage, ServerResponse } from 'node:http';
import { Cancellation } from '../../base/cancellation/cancellation.ts';
import { CodedError } from '../../base/errors/errors.ts';

/**
 * The reason why work ends whose client has left. It is for logs and metrics: the client does not read it. One for all:
 * an error holds the stack that it was made on, and clients leave by the ten thousand.
 */
export const CLIENT_LEFT = new CodedError('TIMEOUT', 'The client has left.');

/**
 * Returns whether a client is gone that a request is of, or that waits for a response. Over HTTP/2 the two do not say
 * so themselves, their stream does.
 */
export const isClosed = (side: (IncomingMessage | ServerResponse) & { stream?: { destroyed: boolean } }): boolean =>
  side.destroyed || side.stream?.destroyed === true;

/**
 * Watches a client that waits for an answer.
 *
 * @returns what is cancelled when the client leaves before it has the whole of it; at once where it has left while its
 * request was read, or waited for its turn.
 */
export function watchClient(response: ServerResponse): Cancellation {
  const cancellation = new Cancellation();
  const leave = (): void => {
    // Over HTTP/2 what was cut off has finished too.
    if (!response.writableFinished || !response.writableEnded) cancellation.abort(CLIENT_LEFT);
  };
  if (isClosed(response)) leave();
  else response.once('close', leave);
  return cancellation;
}
