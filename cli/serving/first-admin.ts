import { AUTH_ROUTES } from '#platform/identity/revocations.ts';
import type { SubgraphTransport } from '#platform/net/transport/transport.ts';

/** Returns the one-time link at which the first administrator is made; null when there is one. Ends the link before. */
export async function firstAdminLink(auth: SubgraphTransport): Promise<string | null> {
  const request = new Request(new URL(AUTH_ROUTES.firstAdminLink, 'http://auth'), { method: 'POST' });
  const answer = await auth.fetch(request, { kind: 'service', service: 'sextant' });
  return ((await answer.json()) as { url: string | null }).url;
}
