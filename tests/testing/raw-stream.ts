import { print } from 'graphql';
import { WebSocket } from 'ws';
import { MessageStreamDocument } from '../client/generated/graphql.ts';
import type { TestUser } from './client.ts';
import type { StreamedText } from './story.ts';

const query = print(MessageStreamDocument);

/**
 * Follows a reply over one socket until it ends or is cut off. Speaks graphql-transport-ws itself, because a client
 * library does not let a test pull the plug.
 *
 * @param cutAfterMs pull the plug after so long; never without.
 * @returns `ended` when the reply has ended, `cut` when the connection is gone, `refused` with the code of an error.
 */
export function followOnce(
  user: TestUser,
  messageId: string,
  received: StreamedText,
  cutAfterMs?: number,
): Promise<{ how: 'ended' | 'cut' } | { how: 'refused'; code: string }> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${user.url.replace(/^http/, 'ws')}/graphql`, 'graphql-transport-ws');
    const timer = cutAfterMs === undefined ? undefined : setTimeout(() => socket.terminate(), cutAfterMs);
    const end = (result: Parameters<typeof resolve>[0]) => {
      clearTimeout(timer);
      socket.terminate();
      resolve(result);
    };
    const send = (message: object) => socket.send(JSON.stringify(message));
    socket.on('open', () =>
      send({ type: 'connection_init', payload: { authorization: `Bearer ${user.accessToken}` } }),
    );
    socket.on('error', () => end({ how: 'cut' }));
    socket.on('close', () => end({ how: 'cut' }));
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as {
        type: string;
        payload?: { data?: { messageStream: object }; errors?: { extensions?: { code?: string } }[] };
      };
      if (message.type === 'connection_ack') {
        send({ id: '1', type: 'subscribe', payload: { query, variables: { messageId, after: received.text.length } } });
      } else if (message.type === 'next') {
        const error = message.payload?.errors?.[0];
        if (error) return end({ how: 'refused', code: error.extensions?.code ?? 'unknown' });
        received.apply(message.payload!.data!.messageStream);
        if (received.status !== undefined) end({ how: 'ended' });
      } else if (message.type === 'error') {
        const errors = message.payload as unknown as { extensions?: { code?: string } }[];
        end({ how: 'refused', code: errors[0]?.extensions?.code ?? 'unknown' });
      } else if (message.type === 'complete') {
        end({ how: received.status === undefined ? 'cut' : 'ended' });
      } else if (message.type === 'ping') {
        send({ type: 'pong' });
      }
    });
  });
}
