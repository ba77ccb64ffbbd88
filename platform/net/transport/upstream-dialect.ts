import { isObject, parseObject } from '../../base/json/objects.ts';
import { PROTOCOL } from './graphql-socket.ts';
import { readUpstreamMessage, type UpstreamMessage } from './upstream-message.ts';

/** The words of one WebSocket sub-protocol for subscriptions. */
export interface UpstreamDialect {
  /** As it is offered at the upgrade. */
  readonly protocol: string;
  readonly start: string;
  readonly stop: string;
  /** @returns undefined for what is not a message of the protocol. */
  read(text: string): UpstreamMessage | undefined;
}

/** The protocol of the graphql-ws package, which is the field's. */
const TRANSPORT_WS: UpstreamDialect = {
  protocol: PROTOCOL,
  start: 'subscribe',
  stop: 'complete',
  read: readUpstreamMessage,
};

/**
 * The protocol of the subscriptions-transport-ws package, whose name on the wire is `graphql-ws`. Servers
 * that are no longer updated speak nothing else.
 */
const LEGACY: UpstreamDialect = {
  protocol: 'graphql-ws',
  start: 'start',
  stop: 'stop',
  read(text) {
    const message = parseObject(text);
    switch (message?.type) {
      case undefined:
        return undefined;
      case 'connection_ack':
        return { type: 'connection_ack' };
      case 'ka':
        return { type: 'pong' };
      case 'connection_error': {
        const { payload } = message!;
        return { type: 'refused', reason: isObject(payload) ? String(payload['message'] ?? '') : '' };
      }
      case 'data':
        return readUpstreamMessage(JSON.stringify({ ...message, type: 'next' }));
      case 'start':
      case 'next':
        return undefined;
      default:
        return readUpstreamMessage(text);
    }
  },
};

/** The sub-protocols by the names that gateway.yaml has for them. */
export const DIALECTS = { 'graphql-ws': TRANSPORT_WS, 'subscriptions-transport-ws': LEGACY } as const;
