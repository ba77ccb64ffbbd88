import { isClosed } from '#platform/net/http/client-left.ts';
import type { OperationAnswer, PartsSink } from '../execution/prepare/operation.ts';
import type { Admitted } from '../policy/pipeline.ts';
import { DeferredChannel, type DeferSpec } from './deferred-channel.ts';
import { type Exchange, markAnswer, markStream } from './send-answer.ts';

/** An answer of which parts may have come later, and whether it is sent. */
export type FirstPart = OperationAnswer & { readonly isSent: boolean };

/**
 * Runs an operation of which parts may come later, and sends them as they come.
 *
 * @returns the first part, and whether it is sent: where nothing comes later it is an answer like any other.
 */
export async function answerInParts(
  { response, requestId }: Exchange,
  { prepared, request }: Admitted,
  spec: DeferSpec,
): Promise<FirstPart> {
  const channel = new DeferredChannel(response, spec);
  let whole: OperationAnswer | undefined;
  let isSent = false;
  const sink: PartsSink = {
    first(answer, pending) {
      whole = answer;
      isSent = pending.length > 0;
      if (!isSent || isClosed(response)) return;
      if (answer.headers) markAnswer(response, answer.headers, true);
      markStream(response, requestId);
      channel.first(answer, pending);
    },
    next(parts) {
      if (parts.some(({ errors }) => errors.length > 0)) whole = { ...whole!, failed: true };
      channel.next(parts);
    },
  };
  try {
    await prepared.executeInParts!(request, sink);
  } catch (error) {
    // What has begun cannot be refused any more.
    if (isSent) response.destroy();
    throw error;
  }
  return { ...whole!, isSent };
}
