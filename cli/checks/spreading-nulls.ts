import {
  type ConstDirectiveNode,
  type FieldDefinitionNode,
  Kind,
  type ObjectTypeDefinitionNode,
  parse,
  type TypeNode,
} from 'graphql';

/**
 * Returns the fields of a composed supergraph whose null would spread to what other subgraphs answered, such as
 * `Query.memories`: non-null root fields of queries, and non-null fields that lead to an entity which another subgraph
 * completes. Where that subgraph is down, the null goes up to the next field that may be null.
 *
 * @param sdl with the directives of composition (`join__type`, `join__field`).
 */
export function spreadingNulls(sdl: string): string[] {
  const types = new Map(
    parse(sdl, { noLocation: true }).definitions.flatMap((definition) =>
      definition.kind === Kind.OBJECT_TYPE_DEFINITION ? [[definition.name.value, definition] as const] : [],
    ),
  );
  return [...types.values()]
    .flatMap((type) =>
      (type.fields ?? [])
        .filter((field) => field.type.kind === Kind.NON_NULL_TYPE)
        .filter(
          (field) =>
            type.name.value === 'Query' ||
            graphsOf(type, field).some((graph) => isCompletedElsewhere(types.get(nameOf(field.type)), graph)),
        )
        .map((field) => `${type.name.value}.${field.name.value}`),
    )
    .sort();
}

/** Whether an entity that a subgraph names has a non-null field which only others have. */
function isCompletedElsewhere(type: ObjectTypeDefinitionNode | undefined, graph: unknown): boolean {
  if (!named(type, 'join__type').some((one) => argument(one, 'graph') === graph && argument(one, 'key'))) return false;
  return type!.fields!.some(
    (field) => field.type.kind === Kind.NON_NULL_TYPE && !graphsOf(type!, field).includes(graph),
  );
}

/** The subgraphs that can answer a field. */
function graphsOf(type: ObjectTypeDefinitionNode, field: FieldDefinitionNode): unknown[] {
  const joins = named(field, 'join__field');
  const owners =
    joins.length > 0 ? joins.filter((one) => argument(one, 'external') !== true) : named(type, 'join__type');
  return owners.map((one) => argument(one, 'graph'));
}

const nameOf = (type: TypeNode): string => (type.kind === Kind.NAMED_TYPE ? type.name.value : nameOf(type.type));

const named = (node: ObjectTypeDefinitionNode | FieldDefinitionNode | undefined, name: string): ConstDirectiveNode[] =>
  (node?.directives ?? []).filter((directive) => directive.name.value === name);

function argument(directive: ConstDirectiveNode, name: string): unknown {
  const value = directive.arguments?.find((one) => one.name.value === name)?.value;
  return value && 'value' in value ? value.value : undefined;
}
