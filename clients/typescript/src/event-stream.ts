import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { errorOf, offline } from './errors.ts';
import { type Answer, type Operation, open } from './http.ts';

/** A server sends at least a comment each 12 s; a stream that is silent for longer is dead. */
const MAX_SILENCE_MS = 30_000;

/** The parts that a stream over HTTP works with. */
export interface EventStreamOptions {
  readonly endpoint: string;
  readonly token: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly fetch: typeof globalThis.fetch;
}

/** Yields the answers of a subscription over server-sent events. @throws {SextantError} when it is cut or refused. */
export async function* iterateEvents<Data>(
  operation: Operation<Data>,
  { endpoint, token, signal, fetch }: EventStreamOptions,
): AsyncGenerator<Answer<Data>> {
  signal?.throwIfAborted();
  const ended = new AbortController();
  const abort = () => ended.abort(signal?.reason);
  signal?.addEventListener('abort', abort);
  let silence = setTimeout(abort, MAX_SILENCE_MS);
  try {
    const response = await open(endpoint, operation, token, 'text/event-stream', { signal: ended.signal, fetch });
    if (!response.headers.get('content-type')?.includes('event-stream')) {
      throw errorOf(((await response.json()) as Answer<Data>).errors ?? []);
    }
    const events: EventSourceMessage[] = [];
    const parser = createParser({ onEvent: (event) => events.push(event) });
    for await (const piece of textsOf(response.body!)) {
      clearTimeout(silence);
      silence = setTimeout(abort, MAX_SILENCE_MS);
      parser.feed(piece);
      for (const { event, data } of events.splice(0)) {
        if (event === 'complete') return;
        if (event === 'next' && data !== '') yield JSON.parse(data) as Answer<Data>;
      }
    }
    throw offline('the stream was cut');
  } catch (error) {
    signal?.throwIfAborted();
    throw ended.signal.aborted || !(error instanceof Error && 'code' in error) ? offline(error) : error;
  } finally {
    clearTimeout(silence);
    signal?.removeEventListener('abort', abort);
    ended.abort();
  }
}

async function* textsOf(body: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield decoder.decode(value, { stream: true });
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
