import { existsSync } from 'node:fs';
import path from 'node:path';
import { readText } from '#gateway/supergraph/compose.ts';
import { loadSupergraph } from '#gateway/supergraph/supergraph.ts';
import type { Config } from '#platform/base/config/config.ts';
import { CommandError } from '../report.ts';

export interface Address {
  readonly name: string;
  readonly urls: readonly string[];
}

/** Returns the path of SUPERGRAPH_FILE: the user's own, or one that comes with the product. */
export function supergraphFile({ home, root, SUPERGRAPH_FILE }: Config): string {
  const own = path.resolve(home, SUPERGRAPH_FILE);
  return existsSync(own) ? own : path.resolve(root, SUPERGRAPH_FILE);
}

/** Reads the names and URLs of all subgraphs without composing: a subgraph's process needs no supergraph. */
export async function subgraphAddresses(config: Config): Promise<readonly Address[]> {
  const file = supergraphFile(config);
  if (/\.ya?ml$/.test(file)) {
    const { parseRoverConfig } = await import('#gateway/supergraph/rover-config.ts');
    return parseRoverConfig(await readText(file), path.basename(file), process.env).subgraphs;
  }
  return (await loadSupergraph({ file })).subgraphs;
}

/** Returns the port that a subgraph listens on: SUBGRAPH_PORT, or the one of its first routing_url. */
export function portOf(config: Config, { name, urls }: Address): number {
  if (config.SUBGRAPH_PORT !== 0) return config.SUBGRAPH_PORT;
  const port = Number(new URL(urls[0]!).port);
  if (port === 0) throw new CommandError(`subgraphs.${name}.routing_url names no port: add one, or set SUBGRAPH_PORT.`);
  return port;
}
