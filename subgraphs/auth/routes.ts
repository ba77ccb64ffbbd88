import { z } from 'zod';
import { badInput } from '#platform/base/errors/errors.ts';
import type { Route } from '#platform/host/definition.ts';
import { requireService } from '#platform/host/require-service.ts';
import { AUTH_ROUTES, type introspectionAnswer, type revocationAnswer } from '#platform/identity/revocations.ts';
import { firstAdminLink } from './accounts/first-admin.ts';
import { introspect } from './api-keys.ts';
import { oauthRoutes } from './oauth/oauth-routes.ts';
import { accountPages } from './pages/account-pages.ts';
import type { AuthParts } from './parts.ts';
import { peopleRoutes } from './people-routes.ts';

const introspectionRequest = z.object({ hash: z.string().regex(/^[\w-]{43}$/) });

/**
 * Creates the routes for what is not GraphQL: the public keys, what verifiers ask for, and the pages of mailed links.
 */
export const createRoutes = (parts: AuthParts): Route[] => [
  {
    method: 'GET',
    path: AUTH_ROUTES.jwks,
    handle: async () =>
      Response.json(
        { keys: await parts.signingKeys.published() },
        { headers: { 'content-type': 'application/jwk-set+json', 'cache-control': 'public, max-age=300' } },
      ),
  },
  {
    method: 'GET',
    path: AUTH_ROUTES.revocations,
    async handle(request, call) {
      requireService(call);
      const now = Date.now();
      const since = Number(new URL(request.url).searchParams.get('since') ?? 0);
      if (!Number.isFinite(since)) throw badInput('since', 'is not a time in milliseconds.');
      const answer: z.input<typeof revocationAnswer> = { now, revocations: await parts.changes.since(since) };
      return Response.json(answer);
    },
  },
  {
    method: 'POST',
    path: AUTH_ROUTES.introspect,
    async handle(request, call) {
      requireService(call);
      const asked = introspectionRequest.safeParse(parseJson(await request.text()));
      if (!asked.success) throw badInput('hash', 'is not the SHA-256 of a key as base64url.');
      const answer: z.input<typeof introspectionAnswer> = await introspect(parts, asked.data.hash);
      return Response.json(answer);
    },
  },
  {
    method: 'POST',
    path: AUTH_ROUTES.firstAdminLink,
    async handle(_request, call) {
      requireService(call);
      if (parts.config.ADMIN_EMAIL !== undefined) return Response.json({ url: null });
      return Response.json({ url: (await firstAdminLink(parts)) ?? null });
    },
  },
  ...peopleRoutes(parts),
  ...(parts.config.CONNECTED_APPS ? oauthRoutes(parts) : []),
  ...accountPages(parts),
];

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
