import type { DoorParts } from './doors/parts.ts';
import { createMcp } from './mcp/mcp.ts';
import { createOpenAi } from './openai/openai.ts';
import { COMPOSED } from './rest/composed/all.ts';
import type { Origins } from './server/origins.ts';

/** Creates the product's own doors. A gateway for others' graphs does not load them. */
export const createOwnDoors = (parts: DoorParts & { readonly origins: Origins }) => ({
  openai: createOpenAi(parts),
  mcp: createMcp(parts),
  /** Endpoints of REST that take several operations. */
  composed: COMPOSED,
});
