import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { TLSSocket } from 'node:tls';
import type { ExecutionResult } from 'graphql';
import { type WebSocket, WebSocketServer } from 'ws';
import { CodedError, unexpected } from '../base/errors/errors.ts';
import { guarded, report } from '../base/faults/guarded.ts';
import type { LastingRoom } from '../base/thread/lasting-room.ts';
import { writeTogether } from '../base/write-together.ts';
import type { IdentityAssertions } from '../identity/authenticator.ts';
import { readClientInfo } from '../identity/client-info.ts';
import type { Identity } from '../identity/identity.ts';
import type { SubscribePayload } from '../net/transport/client-message.ts';
import { CLOSE, PROTOCOL, serveGraphqlSocket } from '../net/transport/graphql-socket.ts';
import { identityRefused } from '../net/transport/identity-refused.ts';
import { type OperationChannel, SocketOperation } from '../net/transport/socket-operation.ts';
import {
  OperationFailed,
  type SubgraphRequest,
  type SubscriptionSink,
  type Unsubscribe,
} from '../net/transport/transport.ts';
import type { HostedSubgraph } from './host.ts';

/**
 * The content of the `extensions` of a `subscribe` message, because one socket carries the operations of many people.
 */
export interface AssertedExtensions {
  readonly identity?: string;
  /** As the header of the same name. */
  readonly client?: string;
  readonly requestId?: string;
  readonly traceparent?: string;
}

/** Bytes that may wait in a socket before its sources are paused. */
const HIGH_WATER = 1024 * 1024;

/**
 * Serves graphql-ws at `/graphql`: one socket of the gateway, any number of people, each operation with its own
 * identity.
 */
export function serveSubscriptions(
  server: Server,
  subgraph: HostedSubgraph,
  assertions: IdentityAssertions,
  {
    mutualTls,
    maxMessage,
    room,
  }: { readonly mutualTls: boolean; readonly maxMessage: number; readonly room: LastingRoom },
) {
  const sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessage,
    perMessageDeflate: false, // 240 KB a socket
    handleProtocols: (offered) => (offered.has(PROTOCOL) ? PROTOCOL : false),
  });
  const guard = {
    where: 'websocket upgrade',
    log: subgraph.log,
    end: (_: unknown, __: IncomingMessage, socket: Duplex) => socket.destroy(),
  };
  server.on('upgrade', guarded(guard, upgrade));

  function upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    // Node leaves the socket to this handler: an error that nothing listens to would end the process.
    socket.on('error', () => socket.destroy());
    const path = (request.url ?? '/').split('?', 1)[0];
    if (path !== '/graphql' || (mutualTls && !(request.socket as TLSSocket).authorized)) {
      socket.end(`HTTP/1.1 ${path === '/graphql' ? '401 Unauthorized' : '404 Not Found'}\r\nconnection: close\r\n\r\n`);
      return;
    }
    writeTogether(socket);
    sockets.handleUpgrade(request, socket, head, accept);
  }

  function accept(socket: WebSocket): void {
    serveGraphqlSocket(socket, {
      log: subgraph.log,
      init: async () => subgraph.name,
      operate: (_, payload, channel) => operate(payload, channel),
    });
  }

  function operate(payload: SubscribePayload, channel: OperationChannel): Unsubscribe {
    const { query } = payload;
    if (typeof query !== 'string') {
      channel.error([{ message: 'query must be a string.', extensions: { code: 'BAD_USER_INPUT' } }]);
      return () => {};
    }
    const refusal = room.refusal(SocketOperation.running, subgraph.log);
    if (refusal) {
      channel.error([refusal]);
      return () => {};
    }
    const asserted = (payload.extensions ?? {}) as AssertedExtensions;
    const requestId = asserted.requestId ?? randomUUID();
    const served = new ServedSubscription(channel);
    begin(served, { ...payload, query }, asserted, requestId).catch((error: unknown) => {
      const { errorId } = report(error, 'subgraph subscription', subgraph.log, { requestId });
      channel.error([unexpected(errorId)]);
    });
    return leaveOf(served);
  }

  async function begin(
    served: ServedSubscription,
    { query, operationName, variables }: SubscribePayload & { readonly query: string },
    { identity: token, client, traceparent }: AssertedExtensions,
    requestId: string,
  ): Promise<void> {
    let identity: Identity;
    try {
      identity = await assertions.verify(token, `${subgraph.name}/graphql`);
    } catch (error) {
      if (!(error instanceof CodedError)) subgraph.log.error({ err: error }, 'an assertion could not be checked');
      const message = error instanceof CodedError ? error.message : 'The identity could not be checked.';
      served.channel.error(identityRefused(message));
      return;
    }
    if (served.isLeft) return;
    const request: SubgraphRequest = {
      query,
      ...(operationName && { operationName }),
      ...(variables && { variables }),
      identity,
      client: readClientInfo(client),
      requestId,
      ...(traceparent && { traceparent }),
    };
    served.stop = subgraph.executor.subscribe(request, served);
  }

  return {
    /** Tells the gateways to go elsewhere; they come back to another replica, or to this one's successor. */
    stop(): void {
      for (const socket of sockets.clients) socket.close(CLOSE.RESTART, 'The subgraph restarts');
      sockets.close();
    },
  };
}

/** A subscription of one person on the socket of a gateway. It lasts, and keeps nothing of what it was asked with. */
class ServedSubscription implements SubscriptionSink {
  readonly channel: OperationChannel;
  /** Once it runs. */
  stop: Unsubscribe | undefined;
  isLeft = false;

  constructor(channel: OperationChannel) {
    this.channel = channel;
  }

  next(event: ExecutionResult): Promise<void> | undefined {
    this.channel.next(JSON.stringify(event));
    return this.channel.buffered() > HIGH_WATER ? drained(this.channel) : undefined;
  }

  complete(): void {
    this.channel.complete();
  }

  error(error: Error): void {
    this.channel.error(error instanceof OperationFailed ? error.errors : [error]);
  }
}

/** Made here: a function that is made beside others keeps what they name. */
const leaveOf = (served: ServedSubscription) => (): void => {
  served.isLeft = true;
  served.stop?.();
};

/** `ws` has no drain event of its own; the sockets in question are few and far behind. */
async function drained(channel: OperationChannel): Promise<void> {
  while (channel.buffered() > HIGH_WATER / 2) await new Promise((resolve) => setTimeout(resolve, 10));
}
