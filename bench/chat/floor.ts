import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { now } from '../llm/provider.ts';
import { addedBy, type Contender, type Talk, type Work } from './contender.ts';

const RIVALS = path.join(import.meta.dirname, '../rivals');

/** Whether bench/rivals is installed, which has what the floor is built with. */
export const FLOOR_INSTALLED = existsSync(path.join(RIVALS, 'node_modules/fastify'));

/** The plain server of bench/rivals/chat-floor.mjs on a database of its own. */
export async function startFloor(
  env: { readonly DATABASE_URL: string; readonly OPENAI_BASE_URL: string },
  work: () => Promise<Work>,
): Promise<Contender> {
  const child = fork(path.join(RIVALS, 'chat-floor.mjs'), { env: { ...process.env, NODE_ENV: 'production', ...env } });
  const [port] = (await once(child, 'message')) as [number];
  const agent = new http.Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  const post = (at: string, body: object): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'application/json' };
      const request = http.request({ port, host: '127.0.0.1', path: at, method: 'POST', headers, agent }, resolve);
      request.on('error', reject);
      request.end(JSON.stringify(body));
    });
  const talk = async (): Promise<Talk> => {
    const { id } = JSON.parse(await read(await post('/conversations', {}))) as { id: string };
    return {
      async say(text) {
        const sentAt = now();
        const response = await post(`/conversations/${id}/messages`, { text });
        let added: number | undefined;
        let rest = '';
        for await (const piece of response.setEncoding('utf8') as AsyncIterable<string>) {
          rest = piece;
          if (added === undefined) {
            const shownAt = now();
            added = addedBy(sentAt, shownAt, (JSON.parse(piece.split('\n')[0]!.slice(6)) as { text: string }).text);
          }
        }
        if (added === undefined || !rest.endsWith('data: [DONE]\n\n'))
          throw new Error(`${response.statusCode} ${rest}`);
        return added;
      },
    };
  };
  return {
    name: 'floor',
    processes: new Map([['floor', child.pid!]]),
    talks: (count) => Promise.all(Array.from({ length: count }, talk)),
    work,
    async [Symbol.asyncDispose]() {
      agent.destroy();
      child.disconnect();
      await once(child, 'exit');
    },
  };
}

async function read(response: http.IncomingMessage): Promise<string> {
  let text = '';
  for await (const piece of response.setEncoding('utf8') as AsyncIterable<string>) text += piece;
  return text;
}
