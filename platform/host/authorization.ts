import {
  type ConstDirectiveNode,
  defaultFieldResolver,
  type GraphQLField,
  type GraphQLSchema,
  isObjectType,
  valueFromASTUntyped,
} from 'graphql';
import { forbidden, unauthenticated } from '../base/errors/errors.ts';
import type { Identity } from '../identity/identity.ts';
import type { RequestContext } from './definition.ts';

/** What `@authenticated` and `@requiresScopes` demand: any one of the sets, and all scopes of it. */
type Requirement = readonly (readonly string[])[];

/**
 * Enforces `@authenticated` and `@requiresScopes` in the subgraph itself, on fields and on the fields of object types.
 * The gateway enforces them too; this is the second lock, for a plan that reaches a field by a way the gateway did not
 * foresee (GHSA-mx7m-j9xf-62hw is one such story).
 */
export function enforceAuthorization(schema: GraphQLSchema): void {
  for (const type of Object.values(schema.getTypeMap())) {
    if (!isObjectType(type) || type.name.startsWith('__')) continue;
    const ofType = requirements(directivesOf(type));
    for (const field of Object.values(type.getFields())) {
      const all = [...ofType, ...requirements(field.astNode?.directives ?? [])];
      if (all.length > 0) guard(field, all);
    }
  }
}

/** @throws {CodedError} UNAUTHENTICATED or FORBIDDEN. A service may read everything: it asks for itself. */
function check(identity: Identity, requirement: Requirement): void {
  if (identity.kind === 'service') return;
  if (identity.kind === 'anonymous') throw unauthenticated();
  if (requirement.length === 0) return;
  if (requirement.some((set) => set.every((scope) => identity.scopes.includes(scope)))) return;
  const wanted = requirement.map((set) => set.join(' and ')).join(', or ');
  throw forbidden(`This needs the scope ${wanted}, which these credentials lack.`);
}

function guard(field: GraphQLField<unknown, RequestContext>, all: readonly Requirement[]): void {
  const resolve = field.resolve ?? defaultFieldResolver;
  const subscribe = field.subscribe;
  if (subscribe) {
    field.subscribe = (source, args, context, info) => {
      for (const one of all) check(context.identity, one);
      return subscribe(source, args, context, info);
    };
    return;
  }
  field.resolve = (source, args, context, info) => {
    for (const one of all) check(context.identity, one);
    return resolve(source, args, context, info);
  };
}

function requirements(directives: readonly ConstDirectiveNode[]): Requirement[] {
  return directives.flatMap((directive): Requirement[] => {
    // Without an entry in @link's import list the name carries the federation prefix.
    switch (directive.name.value.replace(/^federation__/, '')) {
      case 'authenticated':
        return [[]];
      case 'requiresScopes': {
        const scopes = directive.arguments?.find((argument) => argument.name.value === 'scopes');
        return scopes ? [valueFromASTUntyped(scopes.value) as Requirement] : [];
      }
      default:
        return [];
    }
  });
}

const directivesOf = (type: {
  astNode?: { directives?: readonly ConstDirectiveNode[] } | null;
  extensionASTNodes?: readonly { directives?: readonly ConstDirectiveNode[] }[];
}): readonly ConstDirectiveNode[] => [
  ...(type.astNode?.directives ?? []),
  ...(type.extensionASTNodes ?? []).flatMap((node) => node.directives ?? []),
];
