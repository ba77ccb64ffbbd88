import { firstDeployment } from './accounting/accounting.ts';
import { describePrice, type Prices } from './accounting/prices.ts';
import type { Alias, Capabilities, Catalogue } from './catalogue/catalogue.ts';
import type { DeploymentHealth, HealthState, ModelInfo } from './models.ts';
import type { Router } from './routing/router.ts';

const CAPABILITIES: readonly (keyof Capabilities)[] = [
  'chat',
  'tools',
  'vision',
  'json',
  'reasoning',
  'embeddings',
  'images',
  'rerank',
];

/** Returns every alias, the default for chat first. */
export async function describeAliases(
  catalogue: Catalogue,
  router: Router,
  prices: Prices,
): Promise<readonly ModelInfo[]> {
  const isDefault = (alias: Alias) => Object.values(catalogue.defaults).includes(alias.id);
  const infos = await Promise.all(
    [...catalogue.aliases.values()].map((alias) => describe(alias, isDefault(alias), router, prices)),
  );
  return infos.toSorted((a, b) => Number(b.id === catalogue.defaults.chat) - Number(a.id === catalogue.defaults.chat));
}

async function describe(alias: Alias, isDefault: boolean, router: Router, prices: Prices): Promise<ModelInfo> {
  const now = Date.now();
  const first = firstDeployment(alias);
  const price = first && (await prices.of(first));
  const deployments = alias.targets.map(({ deployment }) => ({
    id: deployment.id,
    provider: deployment.provider.id,
    model: deployment.model,
    health: router.stateOf(deployment).health(deployment, now),
  }));
  const some = (capability: keyof Capabilities) =>
    alias.targets.some(({ deployment }) => deployment.capabilities[capability]);
  return {
    id: alias.id,
    description: alias.description,
    isDefault,
    capabilities: Object.fromEntries(
      CAPABILITIES.map((capability) => [capability, some(capability)]),
    ) as unknown as Capabilities,
    contextWindow: first?.contextWindow,
    maxOutputTokens: first?.maxOutputTokens,
    price: price && describePrice(price),
    health: together(deployments.map((deployment) => deployment.health)),
    deployments,
  };
}

/** An alias is up while one of its deployments is, but not as well as it could be while another is not. */
function together(states: readonly HealthState[]): HealthState {
  if (states.every((state) => state === 'down')) return 'down';
  if (states.some((state) => state === 'down' || state === 'degraded')) return 'degraded';
  return states.includes('up') ? 'up' : 'unknown';
}

/** Describes all deployments and whether each is asked at present. */
export function describeDeployments(catalogue: Catalogue, router: Router): readonly DeploymentHealth[] {
  const now = Date.now();
  return [...catalogue.deployments.values()].map((deployment) => {
    const state = router.stateOf(deployment);
    const retryAt = state.retryAt(deployment, now);
    const aliases = [...catalogue.aliases.values()].filter((alias) =>
      alias.targets.some((target) => target.deployment.id === deployment.id),
    );
    return {
      deployment: deployment.id,
      provider: deployment.provider.id,
      model: deployment.model,
      aliases: aliases.map((alias) => alias.id),
      health: state.health(deployment, now),
      state: state.phase(deployment, now),
      retryAt: retryAt > now ? new Date(retryAt).toISOString() : undefined,
      inFlight: state.inFlight,
      calls: state.calls,
      failures: state.failures,
      timeToFirstTokenMs: state.latency,
      lastError: state.lastError,
    };
  });
}
