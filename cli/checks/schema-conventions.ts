import {
  buildSchema,
  type GraphQLField,
  type GraphQLInputField,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLSchema,
  getNamedType,
  isInputObjectType,
  isNonNullType,
  isObjectType,
  valueFromASTUntyped,
} from 'graphql';

/**
 * Returns what of a subgraph's schema is not shaped as its neighbours are, a line each. Clients write code against one
 * shape, so a field that has another one is a case of its own in each of them.
 *
 * @param sdl with fields in the order of their importance: a payload begins with what its mutation is about.
 */
export function unconventional(sdl: string): string[] {
  // What federation adds is not defined in a subgraph's file.
  const schema = buildSchema(sdl, { assumeValidSDL: true });
  const found: string[] = [];
  const queries = fieldsOf(schema.getQueryType());
  const mutations = fieldsOf(schema.getMutationType());
  for (const [root, fields] of [
    ['Query', queries],
    ['Mutation', mutations],
  ] as const) {
    for (const field of fields)
      if (isNonNullType(field.type))
        found.push(`${root}.${field.name} is non-null: its null would take the answers of the other fields along`);
  }
  for (const field of mutations) found.push(...mutationFaults(field));
  for (const field of [...queries, ...mutations, ...fieldsOf(schema.getSubscriptionType())])
    found.push(...nameFaults(field));
  for (const type of Object.values(schema.getTypeMap()))
    if (isObjectType(type) && type.name.endsWith('Connection')) found.push(...connectionFaults(schema, type));
  for (const type of Object.values(schema.getTypeMap()))
    if (isObjectType(type)) found.push(...fieldsOf(type).flatMap((field) => sliceFaults(type.name, field)));
  return found.sort();
}

/** A null counts as no argument: where one may be null, it may not be required. */
function sliceFaults(owner: string, { name, args, astNode }: GraphQLField<unknown, unknown>): string[] {
  const listSize = astNode?.directives?.find((one) => one.name.value === 'listSize');
  if (!listSize) return [];
  const given = new Map(listSize.arguments?.map((one) => [one.name.value, valueFromASTUntyped(one.value)]));
  if (given.get('requireOneSlicingArgument') === false) return [];
  return ((given.get('slicingArguments') ?? []) as string[]).flatMap((slice) => {
    const argument = args.find((one) => one.name === slice);
    if (!argument || isNonNullType(argument.type)) return [];
    const field = `${owner}.${name}`;
    return [`${field} takes null for \`${slice}\`, which its @listSize refuses: requireOneSlicingArgument: false`];
  });
}

/** A mutation takes one `input` and returns one payload, both of its own name; what it deletes is `deletedId`. */
function mutationFaults({ name, args, type }: GraphQLField<unknown, unknown>): string[] {
  const found: string[] = [];
  const own = `${name[0]!.toUpperCase()}${name.slice(1)}`;
  const input = args[0];
  if (input && (args.length > 1 || input.name !== 'input' || getNamedType(input.type).name !== `${own}Input`))
    found.push(`Mutation.${name} takes other arguments than one \`input\` of type ${own}Input`);
  const payload = getNamedType(type);
  if (payload.name !== `${own}Payload` || !isObjectType(payload)) {
    found.push(`Mutation.${name} returns ${payload.name}: call it ${own}Payload`);
    return found;
  }
  const fields = payload.getFields();
  if (name.startsWith('delete') && !DELETED.some((one) => fields[one]))
    found.push(`${payload.name} has none of ${DELETED.join(', ')}`);
  return found;
}

const DELETED = ['deletedId', 'deletedIds', 'deletedCount'];

/** The id of what an operation is about is `id`; the id of another thing says of which. */
function nameFaults(field: GraphQLField<unknown, unknown>): string[] {
  const subject = subjectOf(getNamedType(field.type) as GraphQLOutputType);
  const given = field.args.flatMap((arg): readonly { name: string; type: GraphQLInputField['type']; of: string }[] => {
    const type = getNamedType(arg.type);
    if (!isInputObjectType(type)) return [{ name: arg.name, type: arg.type, of: field.name }];
    return Object.values(type.getFields()).map((one) => ({ name: one.name, type: one.type, of: type.name }));
  });
  const ids = given.filter(({ type }) => isNonNullType(type) && String(type) === 'ID!');
  return ids.flatMap(({ name, of }) => {
    if (name === 'id') return [];
    const own = subject === undefined ? ids.length === 1 : name === `${lower(subject)}Id`;
    return own ? [`${of}.${name} is the id of what ${field.name} is about: call it \`id\``] : [];
  });
}

/** What an operation is about: the type that it returns, or that its payload begins with. */
function subjectOf(type: GraphQLOutputType): string | undefined {
  if (!isObjectType(type)) return undefined;
  if (!type.name.endsWith('Payload')) return type.name;
  const first = getNamedType(Object.values(type.getFields())[0]!.type);
  return isObjectType(first) ? first.name : undefined;
}

/** A connection has edges, nodes, where it goes on and how many there are; the field that gives it takes `first`. */
function connectionFaults(schema: GraphQLSchema, type: GraphQLObjectType): string[] {
  const has = type.getFields();
  const found = ['edges', 'nodes', 'pageInfo', 'totalCount']
    .filter((name) => !has[name])
    .map((name) => `${type.name} has no ${name}`);
  for (const owner of Object.values(schema.getTypeMap())) {
    for (const field of isObjectType(owner) ? fieldsOf(owner) : []) {
      if (getNamedType(field.type) !== type) continue;
      const first = field.args.find(({ name }) => name === 'first');
      if (!first || isNonNullType(first.type)) found.push(`${owner.name}.${field.name} takes no \`first: Int\``);
      if (!field.args.some(({ name }) => name === 'after'))
        found.push(`${owner.name}.${field.name} takes no \`after\``);
    }
  }
  return found;
}

const lower = (name: string): string => `${name[0]!.toLowerCase()}${name.slice(1)}`;

const fieldsOf = (type: GraphQLObjectType | null | undefined): GraphQLField<unknown, unknown>[] =>
  Object.values(type?.getFields() ?? {});
