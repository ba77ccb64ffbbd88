import { CodedError } from '#platform/base/errors/errors.ts';
import { guarded } from '#platform/base/faults/guarded.ts';
import { isClosed } from '#platform/net/http/client-left.ts';
import type { Admitted, Served } from '../policy/pipeline.ts';
import { streamPolicyOf } from '../subscriptions/stream-policy.ts';
import type { GraphVersion } from '../supergraph/graph.ts';
import { eventStreamChannel, type HttpChannel, multipartChannel } from './http-channels.ts';
import type { ProtocolParts } from './parts.ts';
import { type Exchange, markStream } from './send-answer.ts';

const SSE_HEARTBEAT_MS = 12_000;
/** The multipart protocol says five seconds. */
const MULTIPART_HEARTBEAT_MS = 5_000;

/**
 * The answer to a subscription by a stream of events, where the client accepts one of the ways to do so.
 *
 * @returns why it does not answer.
 */
export type StreamSubscription = (
  exchange: Exchange,
  version: GraphVersion<Served>,
  admitted: Admitted,
) => CodedError | undefined;

/** Creates what answers subscriptions over HTTP: as server-sent events, or in parts. */
export function createSubscriptionStreams({
  log,
  authenticator,
  subscriptions,
}: Pick<ProtocolParts, 'log' | 'authenticator' | 'subscriptions'>): StreamSubscription {
  return ({ response, requestId, accepted }, version, admitted) => {
    if (isClosed(response)) return undefined;
    markStream(response, requestId);
    if (!accepted.eventStream && !accepted.multipart) return needsStream();
    const { multipart } = accepted;
    const { identity } = admitted.request;
    const policy = streamPolicyOf(admitted, version);
    const channel: HttpChannel = multipart ? multipartChannel(response) : eventStreamChannel(response);
    const heartbeat = setInterval(
      guarded({ where: 'stream heartbeat', log, end: () => response.destroy() }, channel.heartbeat),
      multipart ? MULTIPART_HEARTBEAT_MS : SSE_HEARTBEAT_MS,
    );
    const unwatch =
      authenticator && identity.kind === 'user'
        ? authenticator.watch(identity, (reason) => {
            stop();
            channel.error([new CodedError('UNAUTHENTICATED', `The credentials are ${reason}. Sign in and resume.`)]);
          })
        : () => undefined;
    const stop = subscriptions.run(admitted, policy, channel, multipart ? 'multipart' : 'sse');
    response.once('close', () => {
      clearInterval(heartbeat);
      unwatch();
      stop();
    });
    log.trace({ requestId }, 'a subscription over HTTP has begun');
    return undefined;
  };
}

const needsStream = (): CodedError =>
  new CodedError(
    'BAD_USER_INPUT',
    'A subscription needs graphql-ws, or Accept: text/event-stream, or Accept: multipart/mixed;subscriptionSpec="1.0".',
  );
