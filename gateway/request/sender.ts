import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Config } from '#platform/base/config/config.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Authenticator } from '#platform/identity/authenticator.ts';
import { type ClientInfo, networkOf } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';
import { isClosed } from '#platform/net/http/client-left.ts';
import { isCoded } from '#platform/net/http/inflate.ts';
import { leaveUnread } from '#platform/net/http/leave-unread.ts';
import { readBody } from '#platform/net/http/web.ts';
import { credentialsOf, identify } from './authentication.ts';
import { clientOf } from './client.ts';
import { type HeldBody, unfinishedBodies } from './unfinished-bodies.ts';

/** The one who a message is from. */
export interface Sender {
  readonly identity: Identity;
  readonly client: ClientInfo;
}

/**
 * A function that reads a body of at most so many bytes and parses it: a large one in its sender's turn.
 *
 * @throws {CodedError} PAYLOAD_TOO_LARGE, RATE_LIMITED, SERVICE_UNAVAILABLE; {UnknownCoding}; what `parse` throws.
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

/** A door of those who are signed in, who may send more than others. */
export interface ReaderDoor {
  /** URL of the door, where connected apps come to it; see Credentials. */
  readonly resource?: string | undefined;
  /** Bytes of the largest body of one who is signed in. */
  readonly maxBytes: number;
  /** What this process may use, in MiB: all large bodies together take a share of it. */
  readonly memoryMb: number;
  readonly response: ServerResponse;
}

/**
 * Returns what reads and parses the body of a request at its sender's expense. Who sends more than anybody may is found
 * out before it is read.
 *
 * @throws {CodedError} when it is used, by rejecting: RATE_LIMITED; UNAUTHENTICATED, SERVICE_UNAVAILABLE, of a large
 * body.
 */
export function readerFor(request: IncomingMessage, parts: SenderParts, door?: ReaderDoor): ReadMessage {
  const { config, authenticator, pipeline } = parts;
  let found: Promise<Sender> | undefined;
  const find = async (): Promise<Sender> => {
    const client = clientOf(request, config.TRUSTED_PROXIES);
    const credentials = { ...credentialsOf(request, authenticator), resource: door?.resource };
    return { client, identity: await identify(authenticator, credentials, client) };
  };
  const sender = (): Promise<Sender> => {
    found ??= find();
    return found;
  };
  const network = (): string => networkOf(clientOf(request, config.TRUSTED_PROXIES));

  /** Reads what is larger than everybody may send. It stays in memory until it is answered, and counts as long. */
  async function readLarge<T>(userId: string, door: ReaderDoor, parse: (body: Buffer) => T) {
    const { maxBytes, memoryMb, response } = door;
    const held = unfinishedBodies.holdLarge({ userId, network: network(), maxBytes, memoryMb });
    releaseWhenAnswered(held, response);
    const body = await readBody(request, maxBytes, held.add);
    return await pipeline.read(sender, body.length, () => parse(body));
  }

  async function readOrdinary<T>(maxBytes: number, parse: (body: Buffer) => T) {
    const held = unfinishedBodies.hold(network, maxBytes);
    try {
      const body = await readBody(request, maxBytes, held.add);
      const parsed = pipeline.read(sender, body.length, () => parse(body));
      return parsed instanceof Promise ? await parsed : parsed;
    } finally {
      held.release();
    }
  }

  /** What still comes is thrown away for a moment alone: a client that goes on sending would never know. */
  function leaveRest(): void {
    if (!request.complete && door?.response.headersSent === false) leaveUnread(door.response);
  }

  return async (maxBytes, parse) => {
    const isWide = door !== undefined && door.maxBytes > maxBytes;
    try {
      if (!isWide || isWithin(request, maxBytes)) return await readOrdinary(maxBytes, parse);
      const { identity } = await sender();
      if (identity.kind === 'user') return await readLarge(identity.userId, door, parse);
    } catch (error) {
      leaveRest();
      if (!isTooLarge(error)) throw error;
      throw isWide ? named(error, door.maxBytes, 'MAX_DOOR_BODY_BYTES') : named(error, maxBytes, 'MAX_BODY_BYTES');
    }
    try {
      return await readOrdinary(maxBytes, parse);
    } catch (error) {
      leaveRest();
      const more = ` Those who are signed in may send ${door.maxBytes} (MAX_DOOR_BODY_BYTES).`;
      throw isTooLarge(error) ? named(error, maxBytes, 'MAX_BODY_BYTES', more) : error;
    }
  };
}

/** Returns whether a request says by itself that its body is no longer than so many bytes. */
const isWithin = ({ headers }: IncomingMessage, bytes: number): boolean =>
  Number(headers['content-length']) <= bytes && !isCoded(headers['content-encoding']);

function releaseWhenAnswered(held: HeldBody, response: ServerResponse): void {
  if (isClosed(response)) return;
  response.once(
    'close',
    guarded({ where: 'answer to a large body' }, () => held.release()),
  );
}

const isTooLarge = (error: unknown): error is CodedError =>
  error instanceof CodedError && error.code === 'PAYLOAD_TOO_LARGE';

/** Returns a refusal with the name of the setting that it follows. What inflates beyond all measure follows none. */
const named = (error: CodedError, bytes: number, setting: string, more = ''): CodedError =>
  error.message.includes(`${bytes} bytes`)
    ? new CodedError('PAYLOAD_TOO_LARGE', `${error.message} The setting is ${setting}.${more}`)
    : error;
