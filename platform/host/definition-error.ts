/** A subgraph's schema and resolvers do not fit; the message is one line that names the place in the sources. */
export class DefinitionError extends Error {
  override name = 'DefinitionError';
}
