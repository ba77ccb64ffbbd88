import { existsSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { SubgraphDefinition } from '#platform/subgraph/definition.ts';
import { CommandError } from './report.ts';

/**
 * The definition of a subgraph: `subgraphs/<name>/subgraph.ts` exports it under its name. A folder and an entry in
 * supergraph.yaml are all that a seventh subgraph needs.
 */
export async function loadDefinition(root: string, name: string): Promise<SubgraphDefinition> {
  const file = path.join(root, 'subgraphs', name, 'subgraph.ts');
  if (!/^[a-z][a-z0-9-]*$/.test(name) || !existsSync(file)) {
    throw new CommandError(
      `There is no subgraph ${name}: ${path.join('subgraphs', name, 'subgraph.ts')} does not exist.`,
    );
  }
  const module = (await import(pathToFileURL(file).href)) as Record<string, SubgraphDefinition | undefined>;
  const definition = module[name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
  if (definition === undefined) throw new CommandError(`${file} does not export a subgraph named ${name}.`);
  return definition;
}
