import type { ServerResponse } from 'node:http';
import { Cancellation } from '../../base/cancellation/cancellation.ts';
import { CodedError } from '../../base/errors/errors.ts';

/** Returns why work ends whose client has left. It is for logs and metrics: the client does not read it. */
export const clientLeft = (): CodedError => new CodedError('TIMEOUT', 'The client has left.');

/**
 * Watches a client that waits for an answer.
 *
 * @returns what is cancelled when the client leaves before it has the whole of it; at once where it has left while its
 * request was read, or waited for its turn.
 */
export function watchClient(response: ServerResponse): Cancellation {
  const cancellation = new Cancellation();
  const leave = (): void => {
    if (!response.writableFinished) cancellation.abort(clientLeft());
  };
  if (response.destroyed) leave();
  else response.once('close', leave);
  return cancellation;
}
