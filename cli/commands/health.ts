import type { buildConnector } from 'undici';
import { loadConfig } from '#platform/base/config/config.ts';
import { type MutualTls, readMutualTls } from '#platform/net/http/tls.ts';
import { CommandError } from '../report.ts';
import { portOf, subgraphAddresses } from '../serving/addresses.ts';

const TIMEOUT_MS = 2_500;

const overHttp = (port: number): Promise<Response> =>
  fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(TIMEOUT_MS) });

/** The certificate of the process is for its name, and not for this address; that the authority signed it is enough. */
const overMutualTls = ({ cert, key, ca }: MutualTls, port: number) =>
  overTls({ cert, key, ca, checkServerIdentity: () => undefined }, port);

async function overTls(connect: buildConnector.BuildOptions, port: number): Promise<Response> {
  const { Agent, fetch: fetchWith } = await import('undici');
  const dispatcher = new Agent({ connect });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetchWith(`https://127.0.0.1:${port}/health`, { dispatcher, signal });
  return new Response(await answer.text(), { status: answer.status });
}

/**
 * Asks a process on this machine whether it is healthy, for containers.
 *
 * @param subgraph its name, where the process serves one; else SUBGRAPH_PORT if set, or PORT.
 */
export async function health(root: string, subgraph: string | undefined): Promise<void> {
  const config = loadConfig(process.env, root);
  let port = config.SUBGRAPH_PORT || config.PORT;
  if (subgraph !== undefined) {
    const address = (await subgraphAddresses(config)).find(({ name }) => name === subgraph);
    if (!address) throw new CommandError(`${config.SUPERGRAPH_FILE} has no subgraph ${subgraph}.`);
    port = portOf(config, address);
  }
  const isSubgraph = subgraph !== undefined || config.SUBGRAPH_PORT !== 0;
  const tls = isSubgraph ? readMutualTls(config) : undefined;
  const ask = (): Promise<Response> => {
    if (tls) return overMutualTls(tls, port);
    // What clients see: it is a process of this machine, so its certificate need not be one that this machine trusts.
    return !isSubgraph && config.TLS_CERT_FILE ? overTls({ rejectUnauthorized: false }, port) : overHttp(port);
  };
  const response = await ask().catch(() => undefined);
  if (response?.ok) return;
  console.error(response ? `unhealthy: ${await response.text()}` : `nothing answers on port ${port}`);
  process.exitCode = 1;
}
