import type { Config } from '#platform/base/config/config.ts';
import type { ProtocolParts } from '../protocols/parts.ts';

/** The parts of the gateway that a door works with: a way in for those who do not speak GraphQL. */
export interface DoorParts extends ProtocolParts {
  readonly config: Pick<
    Config,
    'TRUSTED_PROXIES' | 'MAX_BODY_BYTES' | 'MAX_DOOR_BODY_BYTES' | 'publicUrl' | 'CONNECTED_APPS' | 'memoryMb'
  >;
}
