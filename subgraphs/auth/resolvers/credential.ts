import {
  type FragmentDefinitionNode,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { badInput } from '#platform/base/errors/errors.ts';
import type { Context } from './context.ts';

/** The mutations that take a password or a token; the schema tags the same ones `credential`. */
export const CREDENTIAL_FIELDS: ReadonlySet<string> = new Set([
  'register',
  'login',
  'refresh',
  'changePassword',
  'requestPasswordReset',
  'resetPassword',
  'requestEmailVerification',
  'verifyEmail',
  'deleteAccount',
  'createApiKey',
  'createPasswordLink',
  'rotateApiKey',
  'createFirstAdmin',
]);

/** Wraps a mutation that takes a password or a token: one an operation. */
export const credential =
  <Input, Payload>(
    resolve: (input: Input, context: Context) => Promise<Payload>,
  ): GraphQLFieldResolver<unknown, Context> =>
  (_root, { input }, context, info) => {
    refuseSeveralCredentials(info);
    return resolve(input as Input, context);
  };

/**
 * Refuses an operation that holds more than one of them: aliases would otherwise turn one request into a thousand
 * guesses (OWASP GraphQL cheat sheet, batching). Refused before the first one runs.
 */
function refuseSeveralCredentials(info: Pick<GraphQLResolveInfo, 'operation' | 'fragments'>): void {
  const found = countCredentials(info.operation.selectionSet, info.fragments);
  if (found <= 1) return;
  throw badInput('operation', `holds ${found} mutations that take a password or a token; send one at a time.`);
}

function countCredentials(set: SelectionSetNode, fragments: Readonly<Record<string, FragmentDefinitionNode>>): number {
  let found = 0;
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) found += CREDENTIAL_FIELDS.has(selection.name.value) ? 1 : 0;
    else if (selection.kind === Kind.INLINE_FRAGMENT) found += countCredentials(selection.selectionSet, fragments);
    else found += countCredentials(fragments[selection.name.value]!.selectionSet, fragments);
    if (found > 1) return found;
  }
  return found;
}
