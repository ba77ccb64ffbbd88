import { pipeline, type Readable, type Transform } from 'node:stream';
import { json, text } from 'node:stream/consumers';
import { constants, createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { Agent } from 'undici';
import { asErrorBody } from './error-body.ts';

/** An answer as far as the openai package and stream.ts read it; its body is a Node stream. */
export interface ProviderResponse
  extends Pick<Response, 'ok' | 'status' | 'statusText' | 'url' | 'headers' | 'text' | 'json'> {
  readonly body: Readable;
}

/**
 * Returns the `fetch` that the openai package gets: the same connection pool without web streams, which cost a call a
 * third of its CPU. Unlike fetch it follows no redirect: an API has none, and a key must not travel to wherever one
 * points.
 */
export function transport(agent: Agent): typeof globalThis.fetch {
  const send = async (input: string, init: RequestInit): Promise<ProviderResponse> => {
    const url = new URL(input);
    const {
      statusCode,
      statusText,
      headers,
      body: sent,
    } = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: init.method as 'POST',
      headers: { ...Object.fromEntries(init.headers as Headers), 'accept-encoding': 'identity' },
      body: wellFormed(init.body as string | undefined),
      signal: init.signal ?? null,
    });
    const encoding = headers['content-encoding'];
    const packed = typeof encoding === 'string' ? UNPACK[encoding.trim().toLowerCase()] : undefined;
    const body = packed ? pipeline(sent, packed(), () => undefined) : sent;
    return {
      ok: statusCode >= 200 && statusCode < 300,
      status: statusCode,
      statusText,
      url: input,
      headers: headersOf(headers),
      body,
      text: async () => (statusCode < 400 ? text(body) : asErrorBody(await text(body))),
      json: () => json(body),
    };
  };
  return send as unknown as typeof globalThis.fetch;
}

/** In JSON text: an escape of half a character, which JavaScript writes so where the other half is missing. */
const HALF = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/**
 * Returns JSON text in which every character is whole. A text that was cut between the halves of an emoji ends with
 * half of one; providers refuse the whole request for it.
 */
const wellFormed = (body: string | undefined): string | undefined =>
  typeof body === 'string' && body.includes('\\ud') ? body.replace(HALF, '$1\ufffd') : body;

/** Proxies pack answers though none was asked for packed. What has come is unpacked at once: a stream is one. */
const UNPACK: Readonly<Record<string, () => Transform>> = {
  gzip: () => createGunzip({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }),
  'x-gzip': () => createGunzip({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }),
  deflate: () => createInflate({ flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH }),
  br: () => createBrotliDecompress(),
  zstd: () => createZstdDecompress(),
};

function headersOf(raw: Record<string, string | string[] | undefined>): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(raw)) {
    for (const one of Array.isArray(value) ? value : [value ?? '']) headers.append(name, one);
  }
  return headers;
}
