import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * The provider that bench/llm.ts and bench/chat.ts measure against: an OpenAI-compatible server in a process of its
 * own. The first piece of a reply tells when the request arrived and when the piece was sent, so that its own pace is
 * not in the figures.
 *
 * A prompt `pace <first ms> <pieces> <gap ms>` sets that pace. What chat and memory ask in the background is answered
 * at once, with few words.
 */
export const now = (): number => performance.timeOrigin + performance.now();

const chunk = (delta: object, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'bench', choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;

const END = `${chunk({}, 'stop')}data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'bench', choices: [], usage: { prompt_tokens: 20, completion_tokens: 30, total_tokens: 50 } })}\n\ndata: [DONE]\n\n`;
const PIECE = chunk({ content: ' some words' });
const TITLE = chunk({ content: 'Harvests of the north' }) + END;
const NO_FACTS = chunk({ content: '{"facts":[]}' }) + END;

/** The answer to a call that no person waits for; undefined for a reply. */
const inBackground = (body: string): string | undefined => {
  if (body.includes('Give the conversation a title')) return TITLE;
  return body.includes('You extract lasting facts') ? NO_FACTS : undefined;
};

async function serve(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
  const received = now();
  if (request.method !== 'POST') {
    response.writeHead(404).end();
    return;
  }
  let body = '';
  for await (const piece of request) body += piece;
  const quick = inBackground(body);
  if (quick !== undefined) {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(quick);
    return;
  }
  const [, first, pieces, gap] = /pace (\d+) (\d+) (\d+)/.exec(body)!.map(Number) as [number, number, number, number];
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const begin = () => response.write(chunk({ content: JSON.stringify({ received, sent: now() }) }));
  if (gap === 0) {
    begin();
    response.end(PIECE.repeat(pieces) + END);
    return;
  }
  setTimeout(() => {
    begin();
    let left = pieces;
    const timer = setInterval(() => {
      if (left-- > 0) response.write(PIECE);
      else {
        clearInterval(timer);
        response.end(END);
      }
    }, gap);
    response.on('close', () => clearInterval(timer));
  }, first);
}

if (process.argv[1] === import.meta.filename) {
  const server = http.createServer({ keepAliveTimeout: 60_000 }, (request, response) => void serve(request, response));
  server.listen(Number(process.env.LLM_PROVIDER_PORT ?? 0), '127.0.0.1');
  await once(server, 'listening');
  process.send?.((server.address() as AddressInfo).port);
  process.on('disconnect', () => process.exit());
}
