import { type ConstDirectiveNode, type DefinitionNode, parse, type StringValueNode } from 'graphql';

/**
 * Returns the coordinates of what several subgraphs define and describe in different words, with the subgraphs' names.
 * Composition takes the words that most of them have, and the others are never seen.
 *
 * @param schemas the text of each subgraph's schema, by the subgraph's name.
 */
export function disagreeingDescriptions(schemas: ReadonlyMap<string, string>): string[] {
  const found = new Map<string, Map<string, string[]>>();
  for (const [subgraph, text] of schemas) {
    for (const { coordinate, words } of parse(text, { noLocation: true }).definitions.flatMap(describedIn)) {
      const byWords = found.get(coordinate) ?? new Map<string, string[]>();
      byWords.set(words, [...(byWords.get(words) ?? []), subgraph]);
      found.set(coordinate, byWords);
    }
  }
  return [...found]
    .filter(([, byWords]) => byWords.size > 1)
    .map(([coordinate, byWords]) => `${coordinate}: ${[...byWords.values()].flat().sort().join(', ')}`)
    .sort();
}

interface Described {
  readonly coordinate: string;
  readonly words: string;
}

/** Any node of a schema that has a name, as far as it is of interest here. */
interface Named {
  readonly name: { readonly value: string };
  readonly description?: StringValueNode | undefined;
  readonly directives?: readonly ConstDirectiveNode[] | undefined;
  readonly fields?: readonly Named[] | undefined;
  readonly arguments?: readonly Named[] | undefined;
  readonly values?: readonly Named[] | undefined;
}

function describedIn(definition: DefinitionNode): Described[] {
  if (!('name' in definition) || definition.name === undefined || !('directives' in definition)) return [];
  const type = definition as Named;
  const own = (node: Named, coordinate: string): Described => ({ coordinate, words: node.description?.value ?? '' });
  const name = type.name.value;
  return [
    // An extension has no words of its own.
    ...(definition.kind.endsWith('Extension') ? [] : [own(type, name)]),
    ...(type.fields ?? []).flatMap((field) => {
      const coordinate = `${name}.${field.name.value}`;
      const args = field.arguments ?? [];
      return [own(field, coordinate), ...args.map((one) => own(one, `${coordinate}(${one.name.value}:)`))];
    }),
    ...(type.values ?? []).map((value) => own(value, `${name}.${value.name.value}`)),
  ];
}
