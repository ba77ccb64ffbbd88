import type { ServerResponse } from 'node:http';
import { frameJson } from '#platform/net/transport/json-frame.ts';
import type { AnswerError } from '../execution/prepare/operation.ts';
import type { Channel } from '../subscriptions/delivery.ts';

/** A channel on an HTTP response that stays open. */
export interface HttpChannel extends Channel {
  /** Something small that keeps proxies from taking the connection for dead. */
  heartbeat(): void;
}

/** The headers that keep caches and buffering proxies away from a stream. */
export const STREAM_HEADERS = { 'cache-control': 'no-store, no-transform', 'x-accel-buffering': 'no' };

/**
 * Opens a channel of server-sent events in the distinct-connections mode of the graphql-sse protocol: `next` events,
 * one `complete` event, then the end.
 */
export function eventStreamChannel(response: ServerResponse): HttpChannel {
  response.writeHead(200, { ...STREAM_HEADERS, 'content-type': 'text/event-stream; charset=utf-8' });
  response.flushHeaders();
  let open = true;
  const end = () => {
    if (!open) return;
    open = false;
    response.end('event: complete\ndata:\n\n');
  };
  const next = (json: string | Uint8Array) => {
    if (open) response.write(frameJson('event: next\ndata: ', onOneLine(json), '\n\n'));
  };
  return {
    next,
    error(errors) {
      next(JSON.stringify({ errors }));
      end();
    },
    complete: end,
    heartbeat: () => void (open && response.write(':\n\n')),
    buffered: () => response.writableLength,
    cut: () => void response.destroy(),
  };
}

/**
 * A line break would end the field. What we write has none; in JSON that a subgraph has written it can only stand
 * between tokens, where a space means the same.
 */
function onOneLine(json: string | Uint8Array): string | Uint8Array {
  if (typeof json === 'string') return json;
  const bytes = Buffer.from(json.buffer, json.byteOffset, json.byteLength);
  return bytes.includes('\n') || bytes.includes('\r') ? bytes.toString().replace(/[\r\n]/g, ' ') : json;
}

const BOUNDARY = '\r\n--graphql';

/**
 * Opens a channel of Apollo's multipart protocol for subscriptions over HTTP (`subscriptionSpec=1.0`). The boundary is
 * written after each part, not before: a parser hands a part out when it has seen the boundary that ends it.
 */
export function multipartChannel(response: ServerResponse): HttpChannel {
  response.writeHead(200, {
    ...STREAM_HEADERS,
    'content-type': 'multipart/mixed;boundary="graphql";subscriptionSpec="1.0"',
  });
  response.write(BOUNDARY);
  let open = true;
  const part = (json: string | Uint8Array, before = '', after = '') => {
    if (!open) return;
    response.write(frameJson(`\r\ncontent-type: application/json\r\n\r\n${before}`, json, `${after}${BOUNDARY}`));
  };
  const end = () => {
    if (!open) return;
    open = false;
    response.end('--\r\n');
  };
  return {
    next: (json) => part(json, '{"payload":', '}'),
    error(errors: readonly AnswerError[]) {
      part(JSON.stringify({ payload: null, errors }));
      end();
    },
    complete: end,
    heartbeat: () => part('{}'),
    buffered: () => response.writableLength,
    cut: () => void response.destroy(),
  };
}
