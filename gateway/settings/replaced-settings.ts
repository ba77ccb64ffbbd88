import type { Config } from '#platform/base/config/config.ts';
import type { GatewayFile } from './gateway-file.ts';

/** Returns the settings of the environment that a gateway.yaml replaces, with their values. */
export function replacedSettings({
  limits = {},
  rate_limits = {},
}: Pick<GatewayFile, 'limits' | 'rate_limits'>): Partial<Config> {
  const replaced: Partial<Record<keyof Config, number | undefined>> = {
    MAX_BODY_BYTES: limits.body_bytes,
    MAX_TOKENS: limits.tokens,
    MAX_DEPTH: limits.depth,
    MAX_VALUE_DEPTH: limits.value_depth,
    MAX_ALIASES: limits.aliases,
    MAX_ROOT_FIELDS: limits.root_fields,
    MAX_DIRECTIVES: limits.directives,
    MAX_VARIABLES: limits.variables,
    MAX_COST: limits.cost,
    RATE_LIMIT_IDENTITY: rate_limits.user,
    RATE_LIMIT_ADDRESS: rate_limits.address,
  };
  return Object.fromEntries(Object.entries(replaced).filter(([, value]) => value !== undefined));
}
