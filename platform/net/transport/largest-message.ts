import type { Config } from '../../base/config/config.ts';

/** Plans carry entity representations of whole pages. */
const MIN_BYTES = 16 * 1024 * 1024;
/** What a client may send arrives with identity and the text of the operation. */
const ROOM = 1024 * 1024;

/**
 * Returns the bytes of the largest message that a subgraph takes and an honest gateway sends: beyond it a subgraph
 * closes the socket, on which the subscriptions of all people are.
 */
export const largestMessage = ({
  MAX_BODY_BYTES = 0,
  MAX_DOOR_BODY_BYTES = 0,
}: Partial<Pick<Config, 'MAX_BODY_BYTES' | 'MAX_DOOR_BODY_BYTES'>>): number =>
  Math.max(MIN_BYTES, MAX_BODY_BYTES + ROOM, MAX_DOOR_BODY_BYTES + ROOM);
