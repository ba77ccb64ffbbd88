import { SupergraphError } from './error.ts';
import type { SubgraphAddress } from './supergraph.ts';

/**
 * Checks that all these subgraphs can be called by their addresses. A composed supergraph is allowed to have none, or
 * something that is not a URL: composition does not look at it.
 *
 * @throws {SupergraphError} a line for each that cannot, with what was given and what to do.
 */
export function checkAddresses(subgraphs: readonly Pick<SubgraphAddress, 'name' | 'urls'>[]): void {
  const problems = subgraphs.flatMap(({ name, urls }) => urls.flatMap((url) => problemOf(name, url)));
  if (problems.length > 0) throw new SupergraphError(problems);
}

/** @param url as the supergraph has it, which may lack it altogether. */
function problemOf(name: string, url: string | undefined): string[] {
  if (!url?.trim()) {
    return [`The subgraph ${name} has no address: give it a routing_url, such as http://localhost:4001/graphql.`];
  }
  const { protocol } = URL.canParse(url) ? new URL(url) : {};
  if (protocol === 'http:' || protocol === 'https:') return [];
  return [
    `The address of the subgraph ${name} is ${JSON.stringify(url)}: ` +
      'its routing_url must begin with http:// or https://, such as http://localhost:4001/graphql.',
  ];
}
