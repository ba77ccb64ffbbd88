import { untilAborted } from '#platform/base/cancellation/until-aborted.ts';
import type { SubgraphRequest, SubgraphResponse, SubgraphTransport } from '#platform/net/transport/transport.ts';
import { CARRIERS } from '../request/carriers.ts';
import { credentialsIn } from '../request/credential-headers.ts';
import { Flights, join } from '../request/flights.ts';
import { identityKey } from '../request/identity-key.ts';

/** The number of mutations that have begun or ended: what begins after one shares nothing with what began before it. */
export interface Round {
  number: number;
}

export interface SharedTransportOptions {
  /** One for all subgraphs of a gateway. */
  readonly round: Round;
  /** Whether the subgraph is told who asks, beside the headers. */
  readonly isToldIdentity: boolean;
  /** Whether answers depend on a header that the subgraph gets, or it says who asks. */
  readonly counts: (name: string) => boolean;
}

/**
 * Returns a transport that sends equal queries of different operations once. Equal are the text without the operation's
 * name, the variables, the headers that count and, where the subgraph is told it, the identity. An answer with a cookie
 * is for one client.
 */
export function shared(
  transport: SubgraphTransport,
  { round, isToldIdentity, counts }: SharedTransportOptions,
): SubgraphTransport {
  const flights = new Flights<SubgraphResponse>();
  const texts = new Map<string, string>();

  /** The text without the operation's name, which the planner makes of the client's. */
  function nameless(query: string): string {
    let text = texts.get(query);
    if (text === undefined) {
      if (texts.size >= MAX_TEXTS) texts.clear();
      text = query.replace(/^\s*query\s+\w+/, 'query');
      texts.set(query, text);
    }
    return text;
  }

  function keyOf({ query, headers, identity }: SubgraphRequest, variables: string): string {
    const counting = Object.keys(headers ?? {})
      .filter(counts)
      .sort()
      .map((name) => [name, headers![name]]);
    // What does not count may still be a credential.
    const isToldMore = Object.keys(headers ?? {}).some((name) => !counts(name) && !CARRIERS.has(name));
    const who = isToldIdentity || isToldMore ? identityKey(identity) : '';
    const told = `${counting.length > 0 ? JSON.stringify(counting) : ''}\0${credentialsIn(headers)}`;
    return `${round.number}\0${who}\0${told}\0${nameless(query)}\0${variables}`;
  }

  async function mutate(request: SubgraphRequest): Promise<SubgraphResponse> {
    round.number++;
    try {
      return await transport.execute(request);
    } finally {
      round.number++;
    }
  }

  return {
    subgraph: transport.subgraph,
    async execute(request) {
      if (isMutation(request.query)) return mutate(request);
      const body = request.body?.();
      if (body === undefined || request.signal?.aborted) return transport.execute(request);
      // A quote in the text is escaped there, so this is the member of the body.
      const at = body.indexOf(',"variables":');
      const key = keyOf(request, at < 0 ? '' : body.slice(at));
      const now = performance.now();
      const running = flights.running(key, now);
      const { query, operationName, identity, client, requestId, traceparent, headers, signal } = request;
      // Without the document and the variables, which would have to be made.
      const sent = { query, operationName, identity, client, requestId, traceparent, headers, body: () => body };
      if (running) {
        const response = await untilAborted(join(running, signal), signal);
        const copy = hasCookie(response) ? undefined : response.copy?.();
        return copy ?? transport.execute({ ...sent, signal });
      }
      const flight = flights.begin(key, now, (cancellation) => transport.execute({ ...sent, signal: cancellation }));
      return untilAborted(join(flight, signal), signal);
    },
    subscribe: (request, sink) => transport.subscribe(request, sink),
    fetch: (request, identity) => transport.fetch(request, identity),
    health: () => transport.health(),
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  };
}

const MAX_TEXTS = 5_000;

const isMutation = (query: string): boolean => /^\s*mutation\b/.test(query);
const hasCookie = ({ head }: SubgraphResponse): boolean => head !== undefined && /^set-cookie2?:/im.test(head);
