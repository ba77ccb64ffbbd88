import { type GraphQLSchema, isAbstractType, isInterfaceType, isObjectType } from 'graphql';

/** A function that says whether a runtime type satisfies a type condition. */
export type Satisfies = (runtimeType: string, condition: string) => boolean;

/**
 * Answers for the types of a supergraph, inaccessible ones included: they occur in what subgraphs tell one another.
 */
export function createSatisfies(supergraph: GraphQLSchema): Satisfies {
  const known = new Map<string, boolean>();
  return (runtimeType, condition) => {
    if (runtimeType === condition) return true;
    const key = `${runtimeType} ${condition}`;
    let answer = known.get(key);
    if (answer === undefined) {
      const type = supergraph.getType(runtimeType);
      const abstract = supergraph.getType(condition);
      answer =
        isAbstractType(abstract) &&
        (isObjectType(type) || isInterfaceType(type)) &&
        supergraph.isSubType(abstract, type);
      // Runtime types are a subgraph's word: names that are not in the schema must not fill the memory.
      if (type !== undefined) known.set(key, answer);
    }
    return answer;
  };
}
