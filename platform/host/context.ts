import { abortSignalOf, type CancelSignal } from '../base/cancellation/cancellation.ts';
import type { Logger } from '../base/log/log.ts';
import type { ClientInfo } from '../identity/client-info.ts';
import type { Identity } from '../identity/identity.ts';
import type { RequestContext, RunningSubgraph } from './definition.ts';

/** The caller of whom a context is made: the part of a SubgraphRequest that says who asks and how long they wait. */
export interface Caller {
  readonly identity: Identity;
  readonly client?: ClientInfo | undefined;
  readonly requestId: string;
  readonly traceparent?: string | undefined;
  readonly signal?: CancelSignal | undefined;
}

const NEVER = new AbortController().signal;

/** The context of one operation. Loaders are made when a resolver first asks for them: many never do. */
export class OperationContext implements RequestContext {
  readonly identity: Identity;
  readonly client: ClientInfo | undefined;
  readonly requestId: string;
  readonly traceparent: string | undefined;
  readonly #running: RunningSubgraph;
  readonly #log: Logger;
  readonly #signal: CancelSignal | undefined;
  #loaders: object | undefined;

  constructor(caller: Caller, running: RunningSubgraph, log: Logger) {
    this.identity = caller.identity;
    this.client = caller.client;
    this.requestId = caller.requestId;
    this.traceparent = caller.traceparent;
    this.#signal = caller.signal;
    this.#running = running;
    this.#log = log;
  }

  get signal(): AbortSignal {
    return abortSignalOf(this.ending);
  }

  get ending(): CancelSignal {
    return this.#signal ?? NEVER;
  }

  /** The log of the subgraph: what is logged within a request has its id by itself. */
  get log(): Logger {
    return this.#log;
  }

  get loaders(): object {
    this.#loaders ??= this.#running.loaders?.(this) ?? {};
    return this.#loaders;
  }
}
