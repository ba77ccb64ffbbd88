import type { IncomingMessage } from 'node:http';
import { unauthenticated } from '#platform/base/errors/errors.ts';
import type { Authenticator, Credentials } from '#platform/identity/authenticator.ts';
import type { ClientInfo } from '#platform/identity/client-info.ts';
import { ANONYMOUS, type Identity } from '#platform/identity/identity.ts';

/**
 * Returns who a request is from. Without an authenticator, as for a supergraph that is not ours, everybody is anonymous
 * here and the credentials go on to the subgraphs by the propagation rules.
 *
 * @throws {CodedError} UNAUTHENTICATED when the credentials are wrong, or there are none and they are required.
 */
export function identify(
  authenticator: Authenticator | undefined,
  credentials: Credentials,
  client: ClientInfo,
): Promise<Identity> | Identity {
  if (!authenticator || (!credentials.authorization && !credentials.apiKey)) {
    if (authenticator?.required) throw unauthenticated('This graph answers nothing without a token.');
    return ANONYMOUS;
  }
  return authenticator.known?.(credentials) ?? authenticator.authenticate(credentials, client);
}

/** Returns the credentials in a request's headers. Never in its URL: URLs end up in logs. */
export function credentialsOf({ headers }: IncomingMessage, authenticator: Authenticator | undefined): Credentials {
  if (authenticator?.credentialsIn) return authenticator.credentialsIn(headers);
  const apiKey = headers['x-api-key'];
  return { authorization: headers.authorization, apiKey: typeof apiKey === 'string' ? apiKey : undefined };
}

/**
 * Returns the credentials in the payload of `connection_init`, where clients write headers by their names, in any case,
 * at the top or below `headers`.
 */
export function credentialsOfPayload(
  payload: Readonly<Record<string, unknown>> | undefined,
  authenticator: Authenticator | undefined,
): Credentials {
  const found = headersOfPayload(payload);
  if (authenticator?.credentialsIn) return authenticator.credentialsIn(found);
  return { authorization: found['authorization'], apiKey: found['apikey'] ?? found['x-api-key'] };
}

/** Returns the texts in the payload of `connection_init` as headers, names in lower case. */
export function headersOfPayload(payload: Readonly<Record<string, unknown>> | undefined): Record<string, string> {
  const found: Record<string, string> = {};
  for (const given of [payload?.['headers'], payload]) {
    if (typeof given !== 'object' || given === null) continue;
    for (const [name, value] of Object.entries(given)) {
      if (typeof value === 'string' && value !== '') found[name.toLowerCase()] = value;
    }
  }
  return found;
}
