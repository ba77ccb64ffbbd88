/** The policy of a field of the supergraph: cost, access and streaming. */
export interface FieldPolicy {
  readonly cost?: number;
  readonly listSize?: ListSize;
  readonly access?: Access;
  readonly tags: readonly string[];
}

/** The arguments of `@listSize`. */
export interface ListSize {
  readonly assumedSize?: number;
  readonly slicingArguments?: readonly string[];
  readonly sizedFields?: readonly string[];
  readonly requireOneSlicingArgument: boolean;
}

/** The demands of `@authenticated`, `@requiresScopes` and `@policy`; all parts must hold. */
export interface Access {
  readonly authenticated: boolean;
  /** Each entry: any one of its sets, and all scopes of the set. */
  readonly scopes: readonly (readonly (readonly string[])[])[];
  readonly policies: readonly (readonly (readonly string[])[])[];
}
