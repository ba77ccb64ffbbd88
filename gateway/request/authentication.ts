import type { IncomingMessage } from 'node:http';
import type { Authenticator, Credentials } from '#platform/identity/authenticator.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import { ANONYMOUS, type Identity } from '#platform/identity/identity.ts';

/**
 * Returns who a request is from. Without an authenticator, as for a supergraph that is not ours, everybody is anonymous
 * here and the credentials go on to the subgraphs by the propagation rules.
 */
export function identify(
  authenticator: Authenticator | undefined,
  credentials: Credentials,
  client: ClientInfo,
): Promise<Identity> | Identity {
  if (!authenticator || (!credentials.authorization && !credentials.apiKey)) return ANONYMOUS;
  return authenticator.known?.(credentials) ?? authenticator.authenticate(credentials, client);
}

/** Returns the credentials in a request's headers. Never in its URL: URLs end up in logs. */
export function credentialsOf(request: IncomingMessage): Credentials {
  const apiKey = request.headers['x-api-key'];
  return {
    authorization: request.headers.authorization,
    apiKey: typeof apiKey === 'string' ? apiKey : undefined,
  };
}

/** Returns the credentials in the payload of `connection_init`, in the spellings that clients use. */
export function credentialsOfPayload(payload: Readonly<Record<string, unknown>> | undefined): Credentials {
  const headers = (payload?.['headers'] ?? {}) as Record<string, unknown>;
  const find = (...names: string[]): string | undefined => {
    for (const name of names) {
      for (const value of [payload?.[name], headers[name]]) if (typeof value === 'string' && value !== '') return value;
    }
    return undefined;
  };
  return {
    authorization: find('authorization', 'Authorization'),
    apiKey: find('apiKey', 'x-api-key', 'X-API-Key'),
  };
}
