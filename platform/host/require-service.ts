import { unauthenticated } from '../base/errors/errors.ts';
import type { RouteCall } from './definition.ts';

/**
 * Refuses a call of a plain route that is for the processes of this installation: clients reach routes through the
 * gateway too.
 *
 * @throws {CodedError} UNAUTHENTICATED.
 */
export function requireService(call: Pick<RouteCall, 'identity'>): void {
  if (call.identity.kind !== 'service')
    throw unauthenticated('This route answers the gateway and the command line only.');
}
