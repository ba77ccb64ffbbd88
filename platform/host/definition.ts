import type { GraphQLScalarType } from 'graphql';
import type { CancelSignal } from '../base/cancellation/cancellation.ts';
import type { Logger } from '../base/log/log.ts';
import type { ClientInfo } from '../identity/client-info.ts';
import type { Identity } from '../identity/identity.ts';
import type { Platform } from './platform.ts';

/** The definition that the platform hosts: `subgraphs/<name>/subgraph.ts` exports one. */
export interface SubgraphDefinition {
  readonly name: string;
  /** The contract, subgraphs/<name>/schema.graphql. */
  readonly schemaFile: URL;
  /** Opens what the subgraph needs. Whatever must be closed is registered with `platform.lifecycle`. */
  start(platform: Platform): Promise<RunningSubgraph>;
}

/** A field's resolver, or an object whose `subscribe` opens a stream of events. Entities have `__resolveReference`. */
export type ResolverMap = Record<string, Record<string, unknown> | GraphQLScalarType>;

export interface RunningSubgraph {
  readonly resolvers: ResolverMap;
  /** DataLoaders and the like, made for every operation and found in the resolvers' context as `loaders`. */
  loaders?(request: RequestContext): object;
  /** Plain HTTP routes, reachable at the gateway under `/_/<subgraph><path>`. */
  readonly routes?: readonly Route[];
  /**
   * Dependencies in the shape of /health: name to whether it answers. Database and Redis are checked by the platform.
   */
  health?(): Promise<Record<string, { status: 'up' | 'down'; detail?: string }>>;
}

/** The context that every resolver gets as its third argument; a subgraph's own type adds its `loaders`. */
export interface RequestContext<Loaders = object> {
  readonly identity: Identity;
  readonly client?: ClientInfo | undefined;
  readonly requestId: string;
  readonly traceparent?: string | undefined;
  readonly signal: AbortSignal;
  /** The same as `signal`, for what lasts: ten thousand subscriptions wait for it, and it weighs a tenth. */
  readonly ending: CancelSignal;
  readonly log: Logger;
  readonly loaders: Loaders;
}

/** A plain HTTP route in WHATWG terms; the path may hold `:parameters`. */
export interface Route {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  /** Largest body of a request, in bytes. Default 64 KiB. */
  readonly maxBodyBytes?: number;
  handle(request: Request, call: RouteCall): Promise<Response>;
}

export interface RouteCall {
  readonly params: Readonly<Record<string, string>>;
  readonly identity: Identity;
  readonly requestId: string;
  readonly log: Logger;
}
