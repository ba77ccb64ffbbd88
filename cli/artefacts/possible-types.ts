import { type GraphQLSchema, isAbstractType } from 'graphql';

/**
 * Returns possible-types.json: which types each interface and union of the graph may be. Apollo Client's cache needs it
 * to match fragments on them.
 */
export function possibleTypesFile(schema: GraphQLSchema): string {
  const entries = Object.values(schema.getTypeMap())
    .filter((type) => isAbstractType(type))
    .map(
      (type) =>
        [
          type.name,
          schema
            .getPossibleTypes(type)
            .map(({ name }) => name)
            .sort(),
        ] as const,
    )
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const lines = entries.map(([name, types]) => {
    const names = types.map((type) => JSON.stringify(type));
    const line = `  ${JSON.stringify(name)}: [${names.join(', ')}]`;
    // As the formatter of the sources breaks lines.
    return line.length < 120 ? line : `  ${JSON.stringify(name)}: [\n    ${names.join(',\n    ')}\n  ]`;
  });
  return `{\n${lines.join(',\n')}\n}\n`;
}
