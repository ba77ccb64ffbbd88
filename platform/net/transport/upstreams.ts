import type { Endpoint } from './endpoints.ts';
import { CLIENT_INIT } from './transport.ts';
import { type CallbackSettings, createUpstreamCallbacks } from './upstream-callbacks.ts';
import { DIALECTS } from './upstream-dialect.ts';
import { createUpstreamGroups } from './upstream-groups.ts';
import type { UpstreamSocketOptions } from './upstream-socket.ts';
import { createUpstreamSockets, type UpstreamSockets } from './upstream-sockets.ts';
import { createUpstreamStreams } from './upstream-streams.ts';

/** The way in which a subgraph that is not ours serves subscriptions. */
export interface SubscriptionSettings {
  /** Default: graphql-ws. */
  readonly protocol?: 'graphql-ws' | 'subscriptions-transport-ws' | 'sse' | 'multipart' | 'callback' | undefined;
  /** A path at the addresses of queries. Default: that of queries. */
  readonly path?: string | undefined;
  /**
   * What `connection_init` carries: the headers that the subgraph gets (default), the payload of the client's own, or
   * nothing.
   */
  readonly init?: 'headers' | 'client' | 'none' | undefined;
}

export interface UpstreamsOptions
  extends Omit<UpstreamSocketOptions, 'pick' | 'urlAt' | 'headers' | 'init' | 'dialect'> {
  /** Longest wait for the beginning of a stream. */
  readonly timeoutMs: number;
  /** For the protocol `callback`. */
  readonly callback?: CallbackSettings | undefined;
}

/**
 * Creates the subscriptions to a subgraph. Ours tell who asks with each subscription, so that all share a socket to
 * each replica; others check credentials when a socket is opened, or with the request of a stream.
 */
export function createUpstreams(options: UpstreamsOptions, settings: SubscriptionSettings = {}): UpstreamSockets {
  const { protocol = 'graphql-ws', path } = settings;
  const urlAt = path === undefined ? undefined : ({ url }: Endpoint) => new URL(path, url);
  if (options.assertions) return createUpstreamSockets(options);
  if (protocol === 'sse' || protocol === 'multipart') {
    return createUpstreamStreams({ ...options, protocol, urlAt: urlAt ?? (({ url }) => url) });
  }
  if (protocol === 'callback') {
    if (!options.callback) throw new Error(`The subgraph ${options.subgraph} has no address for its callbacks.`);
    return createUpstreamCallbacks({ ...options, ...options.callback, urlAt: urlAt ?? (({ url }) => url) });
  }
  return createUpstreamGroups((given) => {
    const { [CLIENT_INIT]: clientInit, ...headers } = given ?? {};
    const hasHeaders = Object.keys(headers).length > 0;
    return createUpstreamSockets({
      ...options,
      dialect: DIALECTS[protocol],
      ...(urlAt && { urlAt }),
      headers: hasHeaders ? headers : undefined,
      init: initOf(settings.init ?? 'headers', headers, clientInit),
    });
  });
}

function initOf(
  kind: NonNullable<SubscriptionSettings['init']>,
  headers: Readonly<Record<string, string>>,
  clientInit: string | undefined,
): unknown {
  if (kind === 'none') return undefined;
  if (kind === 'client') return clientInit === undefined ? undefined : (JSON.parse(clientInit) as unknown);
  return Object.keys(headers).length > 0 ? headers : undefined;
}
