/** A query plan, whichever planner made it. Flatten nodes are gone: every fetch says itself where its data belongs. */
export interface Plan {
  /** What runs, for a query or mutation; for a subscription, what runs for each event after `primary`. */
  readonly root: Step | undefined;
  /** The subscription that is opened upstream. */
  readonly primary?: RootFetch;
  /**
   * Boolean variables of @skip and @include that the planner is not sure to get right together. The operation is
   * planned again for each combination of their values that occurs, when it occurs.
   */
  readonly specialize?: readonly string[];
}

export type Step = Sequence | Parallel | Condition | RootFetch | EntityFetch;

export interface Sequence {
  readonly kind: 'sequence';
  readonly steps: readonly Step[];
}

export interface Parallel {
  readonly kind: 'parallel';
  readonly steps: readonly Step[];
}

export interface Condition {
  readonly kind: 'condition';
  /** A Boolean variable. */
  readonly variable: string;
  readonly whenTrue?: Step | undefined;
  readonly whenFalse?: Step | undefined;
}

interface Fetch {
  readonly subgraph: string;
  /** Text of the operation that the subgraph gets. */
  readonly text: string;
  readonly operationName: string | undefined;
  /** The client's variables that the text uses. */
  readonly variables: readonly string[];
}

/**
 * A fetch that asks for root fields. The answer's data is merged into the response, or into the objects at `target`.
 */
export interface RootFetch extends Fetch {
  readonly kind: 'root';
  readonly operation: 'query' | 'mutation' | 'subscription';
  readonly target: Path;
  readonly outputRewrites: readonly Rewrite[];
}

/** A fetch that asks for fields of objects that other subgraphs have found already, all of them in one request. */
export interface EntityFetch extends Fetch {
  readonly kind: 'entities';
  readonly groups: readonly EntityGroup[];
  /** Whether the planner did not have it wait for all that its fields need. */
  readonly lacks?: boolean;
}

/** A `_entities` field of a request. */
export interface EntityGroup {
  /** Response key: `_entities`, or an alias where several share a request. */
  readonly alias: string;
  /** The variable with the representations. */
  readonly variable: string;
  readonly targets: readonly Path[];
  readonly requires: readonly Requirement[];
  readonly inputRewrites: readonly Rewrite[];
  readonly outputRewrites: readonly Rewrite[];
  readonly context: readonly ContextArgument[];
}

/** The way from the response's root to objects: fields, `@` for each element of a list, and filters by runtime type. */
export type Path = readonly PathStep[];
export type PathStep = '@' | { readonly field: string } | { readonly types: readonly string[] };

/**
 * A value that a representation of an entity must contain: the value at `from` in what is known, under the name `to`.
 */
export type Requirement =
  | {
      readonly kind: 'field';
      readonly from: string;
      readonly to: string;
      readonly selections?: readonly Requirement[] | undefined;
    }
  | { readonly kind: 'type'; readonly type: string | undefined; readonly selections: readonly Requirement[] };

/** A change of a representation before it is sent or of an answer before it is merged; the path is relative to it. */
export type Rewrite =
  | { readonly kind: 'set'; readonly path: readonly RewriteStep[]; readonly value: unknown }
  | { readonly kind: 'rename'; readonly path: readonly RewriteStep[]; readonly to: string };
export type RewriteStep = { readonly field: string } | { readonly types: readonly string[] };

/** A variable whose value is read from the data above an entity (@fromContext). */
export interface ContextArgument {
  readonly variable: string;
  /** From the entity: `..` climbs to the object that holds it, a field or type condition descends. */
  readonly path: readonly ('..' | RewriteStep)[];
}
