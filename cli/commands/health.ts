import { isIPv6 } from 'node:net';
import type { buildConnector } from 'undici';
import { type Config, loadConfig } from '#platform/base/config/config.ts';
import { type MutualTls, readMutualTls } from '#platform/net/http/tls.ts';
import { CommandError } from '../report.ts';
import { portOf, subgraphAddresses } from '../serving/addresses.ts';

const TIMEOUT_MS = 2_500;

/** Returns where a process that listens on HOST answers: a wildcard is every address of this machine. */
function hostOf({ HOST }: Config, port: number): string {
  const address = HOST === '0.0.0.0' ? '127.0.0.1' : HOST === '::' ? '::1' : HOST;
  return isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

const overHttp = (host: string): Promise<Response> =>
  fetch(`http://${host}/health`, { signal: AbortSignal.timeout(TIMEOUT_MS) });

/** The certificate of the process is for its name, and not for this address; that the authority signed it is enough. */
const overMutualTls = ({ cert, key, ca }: MutualTls, host: string) =>
  overTls({ cert, key, ca, checkServerIdentity: () => undefined }, host);

async function overTls(connect: buildConnector.BuildOptions, host: string): Promise<Response> {
  const { Agent, fetch: fetchWith } = await import('undici');
  const dispatcher = new Agent({ connect });
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const answer = await fetchWith(`https://${host}/health`, { dispatcher, signal });
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
  const host = hostOf(config, port);
  const isSubgraph = subgraph !== undefined || config.SUBGRAPH_PORT !== 0;
  const tls = isSubgraph ? readMutualTls(config) : undefined;
  const ask = (): Promise<Response> => {
    if (tls) return overMutualTls(tls, host);
    // What clients see: it is a process of this machine, so its certificate need not be one that this machine trusts.
    return !isSubgraph && config.TLS_CERT_FILE ? overTls({ rejectUnauthorized: false }, host) : overHttp(host);
  };
  const response = await ask().catch(() => undefined);
  if (response?.ok) return;
  console.error(response ? `unhealthy: ${await response.text()}` : `nothing answers at ${host}`);
  process.exitCode = 1;
}
