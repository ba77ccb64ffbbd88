import { type ConstDirectiveNode, type InputValueDefinitionNode, Kind, parse, valueFromASTUntyped } from 'graphql';
import type { Access, FieldPolicy, ListSize } from './field-policy.ts';
import { readTransitive } from './transitive.ts';

/** The directives of a supergraph that the gateway's policies act on, by type and by field. */
export interface PolicyDirectives {
  field(type: string, name: string): FieldPolicy | undefined;
  type(name: string): FieldPolicy | undefined;
  /** What a field demands because of the fields that its value is made of. */
  transitive(type: string, name: string): readonly Access[];
  argumentCost(type: string, field: string, argument: string): number | undefined;
  inputFieldCost(type: string, field: string): number | undefined;
  /** Whether anything in the supergraph restricts access, tags or prices: without, a policy need not look. */
  readonly any: { readonly access: boolean; readonly tags: boolean };
}

/**
 * Reads the policy directives of a supergraph SDL. They are not part of the API schema, and a subgraph may have
 * imported them under another name, which the supergraph's own `@link` tells.
 */
export function readPolicyDirectives(supergraphSdl: string): PolicyDirectives {
  const document = parse(supergraphSdl, { noLocation: true });
  const ofSchema = document.definitions.flatMap((node) =>
    node.kind === Kind.SCHEMA_DEFINITION || node.kind === Kind.SCHEMA_EXTENSION ? (node.directives ?? []) : [],
  );
  const names = linkedNames(ofSchema);
  const fields = new Map<string, FieldPolicy>();
  const types = new Map<string, FieldPolicy>();
  /** Of arguments, and of input fields. */
  const inputCosts = new Map<string, number>();
  const any = { access: false, tags: false };

  const note = (policy: FieldPolicy | undefined): FieldPolicy | undefined => {
    if (policy?.access) any.access = true;
    if (policy && policy.tags.length > 0) any.tags = true;
    return policy;
  };

  for (const node of document.definitions) {
    switch (node.kind) {
      case Kind.OBJECT_TYPE_DEFINITION:
      case Kind.INTERFACE_TYPE_DEFINITION:
        for (const field of node.fields ?? []) {
          const policy = note(policyOf(field.directives, names));
          const key = `${node.name.value}.${field.name.value}`;
          if (policy) fields.set(key, policy);
          noteCosts(key, field.arguments, inputCosts, names);
        }
        break;
      case Kind.INPUT_OBJECT_TYPE_DEFINITION:
        noteCosts(node.name.value, node.fields, inputCosts, names);
        break;
      case Kind.SCALAR_TYPE_DEFINITION:
      case Kind.ENUM_TYPE_DEFINITION:
        break;
      default:
        continue;
    }
    const policy = note(policyOf(node.directives, names));
    if (policy) types.set(node.name.value, policy);
  }
  const known = {
    field: (type: string, name: string) => fields.get(`${type}.${name}`),
    type: (name: string) => types.get(name),
  };
  return {
    ...known,
    transitive: any.access ? readTransitive(document, known) : () => [],
    argumentCost: (type, field, argument) => inputCosts.get(`${type}.${field}.${argument}`),
    inputFieldCost: (type, field) => inputCosts.get(`${type}.${field}`),
    any,
  };
}

type Role = 'cost' | 'listSize' | 'authenticated' | 'requiresScopes' | 'policy' | 'tag';

/** Directive name in this document, to the role it has. */
function linkedNames(directives: readonly ConstDirectiveNode[]): ReadonlyMap<string, Role> {
  const names = new Map<string, Role>();
  for (const directive of directives) {
    if (directive.name.value !== 'link') continue;
    const url = String(argument(directive, 'url') ?? '');
    const [, feature] = /\/(\w+)\/v[\d.]+$/.exec(url) ?? [];
    if (feature === undefined) continue;
    const prefix = String(argument(directive, 'as') ?? feature);
    if (feature === 'cost') {
      // The cost specification has two directives: `@cost`, which carries its name, and `@listSize`, prefixed by it
      // unless imported.
      names.set(prefix, 'cost');
      names.set(`${prefix}__listSize`, 'listSize');
    } else if (isRole(feature)) names.set(prefix, feature);
    for (const item of (argument(directive, 'import') as (string | { name: string; as?: string })[] | undefined) ??
      []) {
      const { name, as } =
        typeof item === 'string' ? { name: item, as: item } : { name: item.name, as: item.as ?? item.name };
      const role = name.replace('@', '');
      if (isRole(role)) names.set(as.replace('@', ''), role);
    }
  }
  return names;
}

const isRole = (name: string): name is Role =>
  name === 'cost' ||
  name === 'listSize' ||
  name === 'authenticated' ||
  name === 'requiresScopes' ||
  name === 'policy' ||
  name === 'tag';

function policyOf(
  directives: readonly ConstDirectiveNode[] | undefined,
  names: ReadonlyMap<string, Role>,
): FieldPolicy | undefined {
  let cost: number | undefined;
  let listSize: ListSize | undefined;
  let authenticated = false;
  const scopes: (readonly (readonly string[])[])[] = [];
  const policies: (readonly (readonly string[])[])[] = [];
  const tags: string[] = [];
  for (const directive of directives ?? []) {
    switch (names.get(directive.name.value)) {
      case 'cost':
        cost = Number(argument(directive, 'weight'));
        break;
      case 'listSize':
        listSize = {
          ...optional('assumedSize', argument(directive, 'assumedSize') as number | undefined),
          ...optional('slicingArguments', argument(directive, 'slicingArguments') as string[] | undefined),
          ...optional('sizedFields', argument(directive, 'sizedFields') as string[] | undefined),
          requireOneSlicingArgument: argument(directive, 'requireOneSlicingArgument') !== false,
        };
        break;
      case 'authenticated':
        authenticated = true;
        break;
      case 'requiresScopes':
        scopes.push(argument(directive, 'scopes') as string[][]);
        break;
      case 'policy':
        policies.push(argument(directive, 'policies') as string[][]);
        break;
      case 'tag':
        tags.push(String(argument(directive, 'name')));
        break;
    }
  }
  const restricted = authenticated || scopes.length > 0 || policies.length > 0;
  if (cost === undefined && !listSize && !restricted && tags.length === 0) return undefined;
  return {
    ...optional('cost', cost),
    ...optional('listSize', listSize),
    ...(restricted && { access: { authenticated, scopes, policies } }),
    tags,
  };
}

function noteCosts(
  key: string,
  inputs: readonly InputValueDefinitionNode[] | undefined,
  costs: Map<string, number>,
  names: ReadonlyMap<string, Role>,
): void {
  for (const input of inputs ?? []) {
    const cost = policyOf(input.directives, names)?.cost;
    if (cost !== undefined) costs.set(`${key}.${input.name.value}`, cost);
  }
}

const argument = (directive: ConstDirectiveNode, name: string): unknown => {
  const found = directive.arguments?.find((one) => one.name.value === name);
  return found && valueFromASTUntyped(found.value);
};

const optional = <Key extends string, Value>(key: Key, value: Value | undefined) =>
  (value === undefined || value === null ? {} : { [key]: value }) as { readonly [K in Key]?: Value };
