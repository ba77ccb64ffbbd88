/** A server gave more than it may. */
export class TooMuch extends Error {
  override name = 'TooMuch';
}

/** A server leads elsewhere. */
export class NotFollowed extends Error {
  override name = 'NotFollowed';
}

type Fetch = (url: string | URL, init?: RequestInit) => Promise<Response>;

/**
 * Returns a `fetch` for a tool server: it follows no redirect, since a server that was configured must not lead to
 * another one, and ends a body that does not end by itself.
 *
 * @param maxBytes of one answer.
 * @param told is told of an answer that was too large, since the reader of it may keep that to itself.
 * @param stream whether the server may keep a stream of its own open (GET), as the older SSE needs.
 */
export function boundedFetch(maxBytes: number, told: (error: TooMuch) => void, stream: boolean): Fetch {
  return async (url, init) => {
    if (!stream && (init?.method ?? 'GET') === 'GET') return new Response(null, { status: 405 });
    const response = await fetch(url, { ...init, redirect: 'manual' });
    if (response.status >= 300 && response.status < 400) {
      await response.body?.cancel();
      throw new NotFollowed(`The server answers with a redirect (${response.status}), which is not followed.`);
    }
    if (!response.body) return response;
    let bytes = 0;
    const counted = response.body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform(chunk, controller) {
          bytes += chunk.byteLength;
          if (bytes <= maxBytes) return controller.enqueue(chunk);
          const error = new TooMuch(`The server gave more than ${maxBytes} bytes in one answer.`);
          told(error);
          controller.error(error);
        },
      }),
    );
    const { status, statusText, headers } = response;
    return new Response(counted, { status, statusText, headers });
  };
}
