import { credentialsIn } from '../../request/credential-headers.ts';
import { Flights, join } from '../../request/flights.ts';
import { identityKey } from '../../request/identity-key.ts';
import type { OperationAnswer, PreparedOperation } from '../prepare/operation.ts';

type Run = PreparedOperation['execute'];

/**
 * Shares executions in flight: equal queries (operation, variables, headers that count) of equal identities are
 * executed once. A query
 * never gets an answer that could be older than a mutation that went through this gateway before it, nor one that was
 * begun long ago: a client that asks again after an event wants to see what the event told.
 */
export function shareInFlight(isOn: boolean) {
  const flights = new Flights<OperationAnswer>();
  let round = 0;

  const afterMutation =
    (execute: Run): Run =>
    (request) => {
      round++;
      return execute(request).finally(() => {
        round++;
      });
    };

  const shared =
    (id: string, execute: Run): Run =>
    (request) => {
      if (request.errors || request.extensions || request.signal?.aborted) return execute(request);
      // Forwarded headers may be credentials, which only the subgraphs understand.
      const who = `${identityKey(request.identity)}\0${request.headersKey ?? ''}${credentialsIn(request.headers)}`;
      const key = `${id}\0${round}\0${who}\0${JSON.stringify(request.variables) ?? ''}`;
      const now = performance.now();
      const running = flights.running(key, now);
      if (running) {
        // A cookie that a subgraph gave is for the client that was first: the others ask for theirs.
        return join(running, request.signal).then((answer) => (answer.headers?.isPersonal ? execute(request) : answer));
      }
      const { variables, identity, client, requestId, traceparent, headers, headersKey, transports } = request;
      const flight = flights.begin(key, now, (signal) =>
        execute({ variables, identity, client, requestId, traceparent, headers, headersKey, transports, signal }),
      );
      return join(flight, request.signal);
    };

  return (id: string, kind: PreparedOperation['kind'], execute: Run): Run => {
    if (!isOn || kind === 'subscription') return execute;
    return kind === 'mutation' ? afterMutation(execute) : shared(id, execute);
  };
}
