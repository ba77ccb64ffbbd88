import type { CodedError } from '#platform/base/errors/errors.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import type { Identity } from '#platform/identity/identity.ts';

/** The caller, as far as the gateway knows. */
export interface PolicyCaller {
  readonly identity: Identity;
  readonly client: ClientInfo;
  /** Headers of the client that subgraphs get too: its credentials, where the gateway does not check them. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly requestId: string;
}

/**
 * A judge who decides which of the policies that an operation's fields demand (`@policy`) are granted to a caller. What
 * it grants beside those that were asked for is not heeded. When it rejects, nothing is granted, and the fields say
 * that it could not be found out.
 */
export type PolicyEvaluator = (policies: readonly string[], caller: PolicyCaller) => Promise<Iterable<string>>;

/** The policies that are granted to a caller. */
export interface Grants {
  readonly policies: ReadonlySet<string>;
  /** Why nothing could be found out; then no policy is granted. */
  readonly problem?: CodedError | undefined;
  /** Whether anonymous callers may have policies: where only roles grant them, signing in is the answer. */
  readonly anonymous: boolean;
}

/** Grants a policy by the role of its name, which is what holds without an evaluator. */
export const grantedByRole = (identity: Identity): Grants => ({
  policies: new Set(identity.kind === 'user' ? identity.roles : []),
  anonymous: false,
});
