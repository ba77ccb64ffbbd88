import type { WebSocket } from 'ws';
import type { Config } from '#platform/base/config/config.ts';
import { CodedError } from '#platform/base/errors/errors.ts';
import { createOpenCounter } from '#platform/base/faults/open-counter.ts';
import type { Logger } from '#platform/base/log/log.ts';
import type { Authenticator, Credentials } from '#platform/identity/authenticator.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';
import { CLOSE, RefusedSocket } from '#platform/net/transport/graphql-socket.ts';
import { CLIENT_INIT } from '#platform/net/transport/transport.ts';
import { credentialsOfPayload, identify } from '../request/authentication.ts';
import { traceparentOf } from '../request/client.ts';
import type { Propagation } from '../request/propagation.ts';
import { countedIdentity } from '../subscriptions/counted-identity.ts';

type Payload = Readonly<Record<string, unknown>>;

/** The word of an upgrade request, before `connection_init` says more. */
export interface Offer {
  readonly credentials: Credentials;
  readonly traceparent: string | undefined;
  readonly headers: Readonly<Record<string, string>> | undefined;
}

/** The client at a WebSocket, from `connection_init` on. */
export interface Session {
  readonly client: ClientInfo;
  readonly traceparent: string | undefined;
  identity: Identity;
  headers: Readonly<Record<string, string>> | undefined;
  headersKey: string | undefined;
  stopWatching: () => void;
}

/** What a client is told when it has sent new credentials: the payload of a `pong`. */
type Renewal =
  | { readonly credentials: 'renewed'; readonly expiresAt?: number }
  | { readonly credentials: 'refused'; readonly message: string };

export interface SocketSessions {
  /** @throws {RefusedSocket} */
  open(socket: WebSocket, client: ClientInfo, offer: Offer, payload: Payload | undefined): Promise<Session>;
  /**
   * Takes the credentials in the payload of a `ping` in the place of those that the socket has. They have to be of the
   * same user and to grant the same: what runs on the socket was admitted with that.
   *
   * @returns undefined where there are none in it.
   */
  renew(socket: WebSocket, session: Session, payload: Payload): Promise<Renewal> | undefined;
  close(session: Session): void;
}

export interface SocketSessionOptions {
  readonly config: Pick<Config, 'WS_MAX_SOCKETS_IDENTITY'>;
  readonly log: Logger;
  readonly authenticator?: Authenticator | undefined;
  readonly propagation: Propagation;
}

/** Creates the sessions of a gateway's WebSockets: who is at each, for how long, and with which headers. */
export function createSocketSessions(options: SocketSessionOptions): SocketSessions {
  const { config, log, authenticator, propagation } = options;
  const perIdentity = createOpenCounter(config.WS_MAX_SOCKETS_IDENTITY);

  const watch = (socket: WebSocket, identity: Identity): (() => void) =>
    authenticator && identity.kind === 'user'
      ? authenticator.watch(identity, (reason) => socket.close(CLOSE.FORBIDDEN, endedText(reason)))
      : NOTHING_TO_STOP;

  async function open(
    socket: WebSocket,
    client: ClientInfo,
    offer: Offer,
    payload: Payload | undefined,
  ): Promise<Session> {
    const given = credentialsOfPayload(payload, authenticator);
    const credentials = hasCredentials(given) ? given : offer.credentials;
    let identity: Identity;
    try {
      identity = await identify(authenticator, credentials, client);
    } catch (error) {
      if (error instanceof CodedError) throw new RefusedSocket(`Forbidden: ${error.message}`);
      log.error({ err: error }, 'credentials could not be checked');
      throw new RefusedSocket('Forbidden: the credentials could not be checked');
    }
    const key = countedIdentity(identity);
    if (key !== undefined && !perIdentity.enter(key)) {
      throw new RefusedSocket(`Forbidden: more than ${config.WS_MAX_SOCKETS_IDENTITY} sockets of one user`);
    }
    return {
      identity,
      client,
      traceparent: traceparentOf(payload?.['traceparent']) ?? offer.traceparent,
      ...propagation.collectPayload(offer.headers, payload, identity),
      stopWatching: watch(socket, identity),
    };
  }

  async function take(socket: WebSocket, session: Session, given: Credentials, payload: Payload): Promise<Renewal> {
    let identity: Identity;
    try {
      identity = await identify(authenticator, given, session.client);
    } catch (error) {
      if (error instanceof CodedError) return { credentials: 'refused', message: error.message };
      throw error;
    }
    if (!isSame(identity, session.identity)) {
      const message = 'They are of another user, or grant something else: open another socket with them.';
      return { credentials: 'refused', message };
    }
    // It may have been closed meanwhile.
    if (socket.readyState !== socket.OPEN) return { credentials: 'refused', message: 'The socket is closed.' };
    session.stopWatching();
    const init = session.headers?.[CLIENT_INIT];
    const whole = init === undefined ? payload : { ...(JSON.parse(init) as Payload), ...payload };
    Object.assign(session, propagation.collectPayload(session.headers, whole, identity), {
      identity,
      stopWatching: watch(socket, identity),
    });
    return { credentials: 'renewed', ...(identity.kind === 'user' && { expiresAt: identity.expiresAt }) };
  }

  return {
    open,
    renew(socket, session, payload) {
      const given = credentialsOfPayload(payload, authenticator);
      return hasCredentials(given) ? take(socket, session, given, payload) : undefined;
    },
    close(session) {
      session.stopWatching();
      const key = countedIdentity(session.identity);
      if (key !== undefined) perIdentity.leave(key);
    },
  };
}

const NOTHING_TO_STOP = (): void => undefined;

const hasCredentials = ({ authorization, apiKey }: Credentials): boolean => Boolean(authorization || apiKey);

function isSame(one: Identity, other: Identity): boolean {
  if (one.kind !== 'user' || other.kind !== 'user') return one.kind === other.kind;
  const isOnePerson = one.userId === other.userId && one.issuer === other.issuer;
  return isOnePerson && areEqual(one.roles, other.roles) && areEqual(one.scopes, other.scopes);
}

const areEqual = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && new Set([...one, ...other]).size === new Set(one).size;

const endedText = (reason: 'expired' | 'revoked'): string =>
  reason === 'expired' ? 'Forbidden: the credentials have expired' : 'Forbidden: the session has ended';
