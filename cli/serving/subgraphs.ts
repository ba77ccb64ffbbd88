import { existsSync } from 'node:fs';
import path from 'node:path';
import type { SubgraphDefinition } from '#platform/host/definition.ts';
import { CommandError } from '../report.ts';

/**
 * Returns the definition of a subgraph: `subgraphs/<name>/subgraph.ts` exports it under its name. A folder and an entry
 * in supergraph.yaml are all that a seventh subgraph needs.
 */
export async function loadDefinition(root: string, name: string): Promise<SubgraphDefinition> {
  const folder = path.join('subgraphs', name);
  if (!/^[a-z][a-z0-9-]*$/.test(name) || !existsSync(path.join(root, folder, 'schema.graphql'))) {
    throw new CommandError(`There is no subgraph ${name}: ${path.join(folder, 'schema.graphql')} does not exist.`);
  }
  // A bundler finds all folders by this pattern.
  const module = (await import(`../../subgraphs/${name}/subgraph.ts`)) as Record<
    string,
    SubgraphDefinition | undefined
  >;
  const definition = module[name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
  if (definition === undefined) {
    throw new CommandError(`${path.join(folder, 'subgraph.ts')} does not export a subgraph named ${name}.`);
  }
  return definition;
}
