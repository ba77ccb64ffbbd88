import type { ServerResponse } from 'node:http';
import type { GraphQLFormattedError } from 'graphql';
import type { CancelSignal } from '#platform/base/cancellation/cancellation.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import type { Logger } from '#platform/base/log/log.ts';
import { type EventStream, openEventStream } from '../doors/event-stream.ts';
import { errorBody } from './errors.ts';

/** An event stream that begins with its first event: what fails before is refused with a status. */
export interface LateStream extends Pick<EventStream, 'send'> {
  /** Runs what writes the stream, and ends it. @throws what failed before it has begun. */
  run(write: () => Promise<void>): Promise<void>;
}

/** After so long without an event it begins all the same: proxies end what is silent. */
const PATIENCE_MS = 15_000;

/** Creates such a stream. */
export function openLate(
  response: ServerResponse,
  log: Logger,
  signal: CancelSignal,
  /** How an error within it is told. Default: as chat completions tell it. */
  failed: (stream: EventStream, error: GraphQLFormattedError) => void = (stream, error) =>
    stream.send(undefined, JSON.stringify(errorBody(error))),
): LateStream {
  let stream: EventStream | undefined;
  const open = (): EventStream => {
    stream ??= openEventStream(response, log);
    return stream;
  };
  return {
    send: (event, data) => open().send(event, data),
    async run(write) {
      const guard = { where: 'late stream', log, end: () => response.destroy() };
      const timer = setTimeout(
        guarded(guard, () => {
          if (!signal.aborted) open();
        }),
        PATIENCE_MS,
      );
      try {
        await write();
      } catch (error) {
        if (!stream || !(error instanceof Error && 'extensions' in error)) throw error;
        failed(stream, error as unknown as GraphQLFormattedError);
      } finally {
        clearTimeout(timer);
        stream?.end();
      }
    },
  };
}
