// What reads a gateway.yaml is not in this file: most gateways have none, and are not to load it.
import type { z } from 'zod';
import type { authentication, gatewayFile, subgraphSettings } from './gateway-file-shape.ts';

/** The settings of an optional gateway.yaml, beside those of the environment. */
export type GatewayFile = z.infer<typeof gatewayFile>;
export type SubgraphSettings = z.infer<z.ZodObject<typeof subgraphSettings>> & { readonly urls?: readonly string[] };
export type Authentication = z.infer<typeof authentication>;

/** Returns the names of subgraphs that a file has settings for and a supergraph does not have. */
export const strangersIn = ({ subgraphs = {} }: GatewayFile, known: readonly string[]): string[] =>
  Object.keys(subgraphs).filter((name) => !known.includes(name));

/** Returns what holds for one subgraph: its own settings before those for all, header rules after those for all. */
export function settingsOf(file: GatewayFile, subgraph: string): SubgraphSettings {
  const { all = {}, subgraphs = {} } = file;
  const own: SubgraphSettings = Object.hasOwn(subgraphs, subgraph) ? subgraphs[subgraph]! : {};
  const request = [...(all.headers?.request ?? []), ...(own.headers?.request ?? [])];
  const response = [...(all.headers?.response ?? []), ...(own.headers?.response ?? [])];
  return {
    ...all,
    ...own,
    headers: { request, response },
    subscriptions: { ...all.subscriptions, ...own.subscriptions },
    cache: { ...all.cache, ...own.cache },
  };
}

/** Returns settings as a text, which is equal for equal settings. */
export const textOf = (settings: unknown): string =>
  JSON.stringify(settings, (_, value: unknown) => (value instanceof RegExp ? value.source : value)) ?? '';
