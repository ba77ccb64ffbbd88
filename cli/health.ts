import { loadConfig } from '#platform/base/config/config.ts';

/** Checks the health of a container: SUBGRAPH_PORT if set, else PORT. */
export async function health(root: string): Promise<void> {
  const config = loadConfig(process.env, root);
  const port = config.SUBGRAPH_PORT || config.PORT;
  const response = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(2_500) }).catch(
    () => undefined,
  );
  if (response?.ok) return;
  console.error(response ? `unhealthy: ${await response.text()}` : `nothing answers on port ${port}`);
  process.exitCode = 1;
}
