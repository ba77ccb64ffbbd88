import type { IncomingMessage } from 'node:http';
import type { Config } from '#platform/base/config/config.ts';
import type { Authenticator } from '#platform/identity/authenticator.ts';
import { type ClientInfo, networkOf } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';
import { readBody } from '#platform/net/http/web.ts';
import { credentialsOf, identify } from './authentication.ts';
import { clientOf } from './client.ts';
import { unfinishedBodies } from './unfinished-bodies.ts';

/** The one who a message is from. */
export interface Sender {
  readonly identity: Identity;
  readonly client: ClientInfo;
}

/**
 * A function that reads a body of at most so many bytes and parses it: a large one in its sender's turn.
 *
 * @throws {CodedError} PAYLOAD_TOO_LARGE, RATE_LIMITED; {UnknownCoding}; what `parse` throws.
 */
export type ReadMessage = <T>(maxBytes: number, parse: (body: Buffer) => T) => Promise<T>;

/** The part that shares out the loop among senders. */
export interface Turns {
  /**
   * Parses a message: a large one in its sender's turn and at its expense, as all work for new operations, because
   * JSON.parse cannot be interrupted.
   *
   * @throws {CodedError} RATE_LIMITED, by rejecting; what `parse` and `sender` throw.
   */
  read<T>(sender: () => Sender | Promise<Sender>, bytes: number, parse: () => T): T | Promise<T>;
}

/** The parts that find out who sends a request, and share out the loop. */
export interface SenderParts {
  readonly config: Pick<Config, 'TRUSTED_PROXIES'>;
  readonly authenticator?: Authenticator | undefined;
  readonly pipeline: Turns;
}

/**
 * Returns what reads and parses the body of a request at its sender's expense.
 *
 * @param resource URL of the door, where connected apps come to it; see Credentials.
 * @throws {CodedError} when it is used, by rejecting: RATE_LIMITED; UNAUTHENTICATED, of a large body.
 */
export function readerFor(
  request: IncomingMessage,
  { config, authenticator, pipeline }: SenderParts,
  resource?: string,
): ReadMessage {
  const sender = async (): Promise<Sender> => {
    const client = clientOf(request, config.TRUSTED_PROXIES);
    const credentials = { ...credentialsOf(request, authenticator), resource };
    return { client, identity: await identify(authenticator, credentials, client) };
  };
  return async (maxBytes, parse) => {
    const held = unfinishedBodies.hold(() => networkOf(clientOf(request, config.TRUSTED_PROXIES)), maxBytes);
    try {
      const body = await readBody(request, maxBytes, held.add);
      const parsed = pipeline.read(sender, body.length, () => parse(body));
      return parsed instanceof Promise ? await parsed : parsed;
    } finally {
      held.release();
    }
  };
}
