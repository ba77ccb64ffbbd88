import type { GraphQLSchema, OperationDefinitionNode } from 'graphql';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Fragments } from '#platform/base/graphql/fragments.ts';
import type { FetchCache } from '../../cache/fetch-cache.ts';
import type { RootFetch } from '../planning/plan.ts';
import type { Literal } from '../prepare/literal-values.ts';
import type { ClientPlace } from '../run/client-place.ts';
import type { Run } from '../run/run.ts';
import type { Satisfies } from '../run/types.ts';

/** A compiled step of a plan. It never rejects: what fails is in the run's errors. */
export type Execute = (run: Run) => Promise<void> | undefined;

/** The facts that compiling a fetch needs to know of its operation. */
export interface FetchScope {
  /** With the response names of the plan. */
  readonly operation: OperationDefinitionNode;
  readonly fragments: Fragments;
  /** Of places in what subgraphs answer. */
  readonly clientPlace: ClientPlace;
  readonly satisfies: Satisfies;
  /** The whole graph. */
  readonly full: GraphQLSchema;
  /** Values of the variables that stand for the operation's literals in the plan. */
  readonly literals: ReadonlyMap<string, Literal>;
  /** The fetch whose bytes can be the client's answer as they are. */
  readonly passable?: RootFetch | undefined;
  /** Undefined where nothing that is fetched is kept. */
  readonly cache?: FetchCache | undefined;
}

/** Failures that are not coded are the subgraph's or our own fault; the observer gets them, the client does not. */
export function asCoded(error: unknown, run: Run, subgraph: string): CodedError {
  if (error instanceof CodedError) return error;
  run.observer.failed?.(subgraph, error, run.request);
  return new CodedError('SUBGRAPH_UNAVAILABLE', 'This part of the graph gave an answer that cannot be used.');
}
