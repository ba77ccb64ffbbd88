import {
  type DocumentNode,
  type FieldNode,
  type FragmentSpreadNode,
  type GraphQLCompositeType,
  type GraphQLError,
  type GraphQLInterfaceType,
  type GraphQLSchema,
  getNamedType,
  type InlineFragmentNode,
  isAbstractType,
  isCompositeType,
  isInterfaceType,
  isObjectType,
  isUnionType,
  Kind,
  type OperationDefinitionNode,
  type SelectionNode,
  type SelectionSetNode,
  TypeInfo,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import { CodedError, forbidden, unauthenticated } from '#platform/base/errors/errors.ts';
import { fragmentsOf } from '#platform/base/graphql/fragments.ts';
import type { Identity } from '#platform/identity/identity.ts';
import type { Reduction } from '../execution/prepare/operation.ts';
import type { PolicyDirectives } from './directives.ts';
import type { Access } from './field-policy.ts';
import type { Grants } from './policies.ts';

/** The restricted fields of one operation. */
export interface AccessPlan {
  /** All policies that its fields demand. */
  readonly policies: readonly string[];
  /** What this identity may not see of the operation; undefined when it may see everything. */
  check(identity: Identity, grants: Grants): Denial | undefined;
}

export interface Denial {
  readonly reduction: Reduction;
  /** One for each place, for the answer. */
  readonly errors: readonly GraphQLError[];
  /** Whether nothing of the operation is left, of which a subscription cannot be opened. */
  readonly root: boolean;
}

interface Restricted {
  /** `Type.field`, the type being the one that the field is selected on. */
  readonly coordinate: string;
  readonly access: readonly Access[];
  /** Response paths, without list indices. */
  readonly paths: (readonly string[])[];
}

/** Places of one restricted field that are listed. */
const MAX_PATHS = 5;
/** Selections followed to find the places. The fields are denied wherever they stand; only the list may be short. */
const MAX_VISITS = 20_000;

/**
 * Finds what `@authenticated`, `@requiresScopes` and `@policy` restrict in an operation; undefined when nothing is.
 *
 * A field that is selected on an interface demands what any of the types demands that it may turn out to be: a client
 * must not reach through the interface what it may not see on the type. Nor the other way round: a field of a type
 * demands what its interfaces demand of it.
 */
export function planAccess(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  schema: GraphQLSchema,
  directives: PolicyDirectives,
): AccessPlan | undefined {
  if (!directives.any.access) return undefined;
  const root = schema.getRootType(operation.operation);
  if (!root) return undefined;
  const restricted = findRestricted(document, operation.selectionSet, root, schema, directives);
  if (restricted.size === 0) return undefined;
  const demanded = [...restricted.values()].flatMap(({ access }) => access.flatMap(({ policies }) => policies));
  return {
    policies: [...new Set(demanded.flat(2))].sort(),
    check(identity, grants) {
      const denied = [...restricted.values()].filter(
        ({ access }) => !access.every((one) => knows(one, identity) && isGranted(one, identity, grants)),
      );
      if (denied.length === 0) return undefined;
      const coordinates = new Set(denied.map(({ coordinate }) => coordinate));
      return {
        reduction: {
          key: [...coordinates].sort().join(' '),
          apply: (whole, of) => withoutFields(whole, of, schema, coordinates),
        },
        errors: denied.flatMap((one) => one.paths.map((path) => refusal(one.access, identity, grants, path))),
        root: denied.some(({ paths }) => paths.some((path) => path.length === 1)),
      };
    },
  };
}

function findRestricted(
  document: DocumentNode,
  selectionSet: SelectionSetNode,
  root: GraphQLCompositeType,
  schema: GraphQLSchema,
  directives: PolicyDirectives,
): Map<string, Restricted> {
  const fragments = fragmentsOf(document);
  const found = new Map<string, Restricted>();
  const demands = new Map<string, readonly Access[]>();
  const followed = new Set<string>();
  let visits = 0;

  const accessTo = (parent: GraphQLCompositeType, name: string): readonly Access[] => {
    const coordinate = `${parent.name}.${name}`;
    let access = demands.get(coordinate);
    if (!access) {
      access = demandsOf(parent, name, schema, directives);
      demands.set(coordinate, access);
    }
    return access;
  };

  const note = (coordinate: string, access: readonly Access[], path: readonly string[]): void => {
    const entry = found.get(coordinate);
    if (!entry) found.set(coordinate, { coordinate, access, paths: [path] });
    else if (entry.paths.length < MAX_PATHS) entry.paths.push(path);
  };
  const walkField = (selection: FieldNode, type: GraphQLCompositeType, path: readonly string[]): void => {
    visits++;
    const name = selection.name.value;
    const here = [...path, selection.alias?.value ?? name];
    const access = accessTo(type, name);
    if (access.length > 0) note(`${type.name}.${name}`, access, here);
    const field = isObjectType(type) || isInterfaceType(type) ? type.getFields()[name] : undefined;
    const returned = field && getNamedType(field.type);
    if (selection.selectionSet && returned && isCompositeType(returned)) walk(selection.selectionSet, returned, here);
  };
  const fragmentOf = (selection: InlineFragmentNode | FragmentSpreadNode) => {
    if (selection.kind === Kind.INLINE_FRAGMENT) return selection;
    const name = selection.name.value;
    // A bomb of fragments is walked once each when it has used up its visits.
    if (visits > MAX_VISITS && followed.has(name)) return undefined;
    followed.add(name);
    return fragments.get(name);
  };
  const walk = (set: SelectionSetNode, type: GraphQLCompositeType, path: readonly string[]): void => {
    for (const selection of set.selections) {
      if (selection.kind === Kind.FIELD) {
        walkField(selection, type, path);
        continue;
      }
      const fragment = fragmentOf(selection);
      if (!fragment) continue;
      const condition = fragment.typeCondition && schema.getType(fragment.typeCondition.name.value);
      walk(fragment.selectionSet, condition && isCompositeType(condition) ? condition : type, path);
    }
  };
  walk(selectionSet, root, []);
  return found;
}

function demandsOf(
  parent: GraphQLCompositeType,
  name: string,
  schema: GraphQLSchema,
  directives: PolicyDirectives,
): readonly Access[] {
  if (name.startsWith('__')) return [];
  const found = new Set<Access>();
  const add = (access: Access | undefined) => access && found.add(access);
  const types = isAbstractType(parent) ? [parent, ...schema.getPossibleTypes(parent)] : [parent];
  for (const type of types) {
    add(directives.type(type.name)?.access);
    add(directives.field(type.name, name)?.access);
    for (const access of directives.transitive(type.name, name)) add(access);
  }
  const above = new Set(types.flatMap((type) => (isUnionType(type) ? [] : type.getInterfaces())));
  for (const type of above)
    if (type.getFields()[name]) for (const access of ownDemands(type, name, schema, directives)) add(access);
  const field = isObjectType(parent) || isInterfaceType(parent) ? parent.getFields()[name] : undefined;
  if (field) add(directives.type(getNamedType(field.type).name)?.access);
  return [...found];
}

/**
 * What an interface demands for a field that none of its types does, which then holds for its types as well
 * (CVE-2025-64530). Composition of today lets interfaces demand nothing themselves, and writes at them what their types
 * demand, at the type what types demand and at the field what fields do.
 */
function ownDemands(
  type: GraphQLInterfaceType,
  name: string,
  schema: GraphQLSchema,
  directives: PolicyDirectives,
): readonly (Access | undefined)[] {
  const types = schema.getPossibleTypes(type);
  const ofField = (owner: string) => directives.field(owner, name)?.access;
  const ofType = (owner: string) => directives.type(owner)?.access;
  return [ofType, ofField].map((level) =>
    leftOf(
      level(type.name),
      types.flatMap((one) => level(one.name) ?? []),
    ),
  );
}

/** Returns the part of a demand that is not made of others; undefined where nothing is left. */
function leftOf(own: Access | undefined, others: readonly Access[]): Access | undefined {
  if (!own) return undefined;
  const scopes = namesOf(others.map((one) => one.scopes));
  const policies = namesOf(others.map((one) => one.policies));
  const left = {
    authenticated: own.authenticated && !others.some((one) => one.authenticated),
    scopes: own.scopes.filter((sets) => sets.flat().some((scope) => !scopes.has(scope))),
    policies: own.policies.filter((sets) => sets.flat().some((policy) => !policies.has(policy))),
  };
  return left.authenticated || left.scopes.length > 0 || left.policies.length > 0 ? left : undefined;
}

const namesOf = (demands: readonly Access['scopes'][]): ReadonlySet<string> => new Set(demands.flat(3));

/** Whether the credentials are those that `@authenticated` and `@requiresScopes` demand. */
function knows({ authenticated, scopes }: Access, identity: Identity): boolean {
  if (identity.kind === 'service') return true;
  if (identity.kind === 'anonymous') return !authenticated && scopes.length === 0;
  return scopes.every((sets) => sets.some((set) => set.every((scope) => identity.scopes.includes(scope))));
}

/** Whether the caller has the policies that `@policy` demands. */
const isGranted = ({ policies }: Access, identity: Identity, grants: Grants): boolean =>
  identity.kind === 'service' ||
  policies.every((sets) => sets.some((set) => set.every((policy) => grants.policies.has(policy))));

function refusal(access: readonly Access[], identity: Identity, grants: Grants, path: readonly string[]): GraphQLError {
  return Object.assign(reasonOf(access, identity, grants), { path });
}

function reasonOf(access: readonly Access[], identity: Identity, { problem, anonymous }: Grants): CodedError {
  const known = access.every((one) => knows(one, identity));
  if (identity.kind === 'anonymous' && (!known || !anonymous)) return unauthenticated();
  if (known && problem) return new CodedError(problem.code, problem.message);
  return forbidden(`This needs ${describe(access)}, which these credentials lack.`);
}

const describe = (access: readonly Access[]): string => {
  const scopes = access.flatMap((one) => one.scopes.map(alternatives));
  const policies = access.flatMap((one) => one.policies.map(alternatives));
  return [
    ...(scopes.length > 0 ? [`the scope ${scopes.join(' and ')}`] : []),
    ...(policies.length > 0 ? [`the policy ${policies.join(' and ')}`] : []),
  ].join(' and ');
};

const alternatives = (sets: readonly (readonly string[])[]): string =>
  sets.map((set) => set.join(' and ')).join(' or ');

/**
 * The type's name, which is asked of an object that nothing else is asked of, under a key that the document leaves
 * free: a client may have called another field `__typename`.
 */
function placeholder(document: DocumentNode): SelectionNode {
  const aliases = new Set<string>();
  visit(document, { Field: ({ alias }) => void (alias && aliases.add(alias.value)) });
  let key = '__typename';
  while (aliases.has(key)) key = `_${key}`;
  const name = { kind: Kind.NAME, value: '__typename' } as const;
  return { kind: Kind.FIELD, name, ...(key !== name.value && { alias: { kind: Kind.NAME, value: key } }) };
}

/**
 * The document without the given fields; an object of which nothing is left is still fetched, to know whether it is.
 */
function withoutFields(
  document: DocumentNode,
  operation: OperationDefinitionNode,
  schema: GraphQLSchema,
  coordinates: ReadonlySet<string>,
): DocumentNode | undefined {
  const info = new TypeInfo(schema);
  const typename = placeholder(document);
  const reduced = visit(
    document,
    visitWithTypeInfo(info, {
      Field: {
        enter(node) {
          const parent = info.getParentType();
          return parent && coordinates.has(`${parent.name}.${node.name.value}`) ? null : undefined;
        },
      },
      SelectionSet: {
        leave: (node) => (node.selections.length === 0 ? { ...node, selections: [typename] } : undefined),
      },
    }),
  );
  const left = reduced.definitions.find(
    (node): node is OperationDefinitionNode =>
      node.kind === Kind.OPERATION_DEFINITION && node.name?.value === operation.name?.value,
  );
  const isEmpty = left?.selectionSet.selections.length === 1 && left.selectionSet.selections[0] === typename;
  return isEmpty ? undefined : reduced;
}
