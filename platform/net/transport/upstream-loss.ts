import { CodedError } from '../../base/errors/errors.ts';
import { CLOSE } from './graphql-socket.ts';

/** What `ws` says of an upgrade that was answered with a refusal of credentials. */
const REFUSED_UPGRADE = /^Unexpected server response: (401|403)$/;

/** The loss of a socket to a subgraph, and what its subscribers are told. */
export interface Loss {
  /** The subgraph has said that it restarts. */
  readonly isPlanned: boolean;
  /** The credentials are refused: another try would not help. */
  readonly isRefused: boolean;
  readonly error: CodedError;
}

/**
 * Tells how a socket was lost.
 *
 * @param withCredentials whether the credentials of a client were sent: then a refusal is about them, and the client
 * learns it. What the gateway itself is refused is the operator's matter.
 */
export function lossOf(subgraph: string, code: number, reason: string, withCredentials: boolean): Loss {
  const isPlanned = code === CLOSE.RESTART;
  const status = REFUSED_UPGRADE.exec(reason)?.[1];
  const isUnauthenticated = code === CLOSE.UNAUTHORIZED || status === '401';
  const isForbidden = code === CLOSE.FORBIDDEN || status === '403';
  const isRefused = isUnauthenticated || isForbidden;
  // Codes from 3000 on are the subgraph's own, and mean something to those who know it.
  const told = code >= 3_000 ? { closeCode: code } : {};
  if (isPlanned) {
    const error = new CodedError('RESUBSCRIBE', `${subgraph} restarts: subscribe again and resume.`);
    return { isPlanned, isRefused, error };
  }
  if (isRefused && withCredentials) {
    const kind = isUnauthenticated ? 'UNAUTHENTICATED' : 'FORBIDDEN';
    return { isPlanned, isRefused, error: new CodedError(kind, `${subgraph} refuses the credentials.`, told) };
  }
  const error = new CodedError('SUBGRAPH_UNAVAILABLE', `The connection to ${subgraph} is lost.`, told);
  return { isPlanned, isRefused, error };
}
