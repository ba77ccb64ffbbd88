import { type ClientInfo, networkOf } from '#platform/identity/client-info.ts';
import { type Identity, personOf } from '#platform/identity/identity.ts';

/**
 * Returns the name of who asks, to share out fairly what is scarce: the user, or the network of a client without
 * credentials.
 */
export const clientKey = (identity: Identity, client: ClientInfo | undefined): string =>
  identity.kind === 'user' ? personOf(identity) : networkOf(client);
