import {
  type ConstDirectiveNode,
  type FragmentDefinitionNode,
  type GraphQLFieldResolver,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  Kind,
  type SelectionSetNode,
} from 'graphql';
import { badInput } from '#platform/base/errors/errors.ts';
import type { Context } from './context.ts';

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
function refuseSeveralCredentials(info: Pick<GraphQLResolveInfo, 'operation' | 'fragments' | 'schema'>): void {
  const found = countCredentials(info.operation.selectionSet, info.fragments, credentialsOf(info.schema));
  if (found <= 1) return;
  throw badInput('operation', `holds ${found} mutations that take a password or a token; send one at a time.`);
}

/** Returns the mutations that the schema tags `credential`. */
function credentialsOf(schema: GraphQLSchema): ReadonlySet<string> {
  let found = CREDENTIALS.get(schema);
  if (found === undefined) {
    const fields = Object.values(schema.getMutationType()?.getFields() ?? {});
    found = new Set(fields.filter(({ astNode }) => astNode?.directives?.some(isCredentialTag)).map(({ name }) => name));
    CREDENTIALS.set(schema, found);
  }
  return found;
}

const CREDENTIALS = new WeakMap<GraphQLSchema, ReadonlySet<string>>();

const isCredentialTag = ({ name, arguments: given }: ConstDirectiveNode): boolean =>
  name.value === 'tag' && given?.[0]?.value.kind === Kind.STRING && given[0].value.value === 'credential';

function countCredentials(
  set: SelectionSetNode,
  fragments: Readonly<Record<string, FragmentDefinitionNode>>,
  credentials: ReadonlySet<string>,
): number {
  let found = 0;
  for (const selection of set.selections) {
    if (selection.kind === Kind.FIELD) found += credentials.has(selection.name.value) ? 1 : 0;
    else if (selection.kind === Kind.INLINE_FRAGMENT)
      found += countCredentials(selection.selectionSet, fragments, credentials);
    else found += countCredentials(fragments[selection.name.value]!.selectionSet, fragments, credentials);
    if (found > 1) return found;
  }
  return found;
}
