import { WebSocket } from 'ws';

/** Events that all clients of this process have received. */
export const received = { events: 0 };

function connect(url: string, token: string | undefined): Promise<WebSocket> {
  const init = { type: 'connection_init', ...(token && { payload: { authorization: `Bearer ${token}` } }) };
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, 'graphql-transport-ws', { perMessageDeflate: false });
    socket.once('error', reject);
    socket.once('open', () => socket.send(JSON.stringify(init)));
    socket.on('message', (data: Buffer) => {
      // `next` is told from the others by its length: no client of a benchmark should cost more than its server.
      if (data.length > 40) received.events++;
      else if (data.includes('connection_ack')) resolve(socket);
    });
  });
}

/**
 * As many at once as a listen queue holds.
 *
 * @param token that each of them signs in with.
 */
export async function connectAll(url: string, count: number, token?: string): Promise<WebSocket[]> {
  const sockets: WebSocket[] = [];
  while (sockets.length < count) {
    const batch = Math.min(200, count - sockets.length);
    sockets.push(...(await Promise.all(Array.from({ length: batch }, () => connect(url, token)))));
  }
  return sockets;
}

export const subscribe = (socket: WebSocket, field: string, n: number, more = ''): void =>
  socket.send(
    JSON.stringify({
      id: '1',
      type: 'subscribe',
      payload: { query: `subscription S($n: Int!) { ${field}(n: $n${more}) { number text } }`, variables: { n } },
    }),
  );

export const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
