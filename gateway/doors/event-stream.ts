import type { ServerResponse } from 'node:http';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { isClosed } from '#platform/net/http/client-left.ts';
import { STREAM_HEADERS } from '../protocols/http-channels.ts';

/** An answer as server-sent events. */
export interface EventStream {
  /** @param event its name; undefined: none, as OpenAI's chat completions have it. */
  send(event: string | undefined, data: string): void;
  end(): void;
}

const HEARTBEAT_MS = 12_000;

/** Begins an answer of server-sent events, with a heartbeat that keeps proxies from taking it for dead. */
export function openEventStream(response: ServerResponse, log: Logger): EventStream {
  response.writeHead(200, { ...STREAM_HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
  response.flushHeaders();
  const guard = { where: 'stream heartbeat', log, end: () => response.destroy() };
  const heartbeat = setInterval(
    guarded(guard, () => void response.write(':\n\n')),
    HEARTBEAT_MS,
  );
  response.once('close', () => clearInterval(heartbeat));
  return {
    send(event, data) {
      if (isClosed(response) || response.writableEnded) return;
      response.write(event === undefined ? `data: ${data}\n\n` : `event: ${event}\ndata: ${data}\n\n`);
    },
    end() {
      clearInterval(heartbeat);
      response.end();
    },
  };
}
