import { z } from 'zod';
import { answerCache, subgraphCache } from './cache-settings.ts';
import { claimPath, requestRule, responseRule } from './header-settings.ts';
import { cors, limits, rateLimits } from './protection-settings.ts';
import { tls } from './tls-settings.ts';

const whole = (min: number, max: number) =>
  z
    .number({ error: `a whole number from ${min} to ${max}` })
    .int()
    .min(min)
    .max(max);
const flag = z.boolean({ error: 'true or false' });
const webUrl = z.url({ protocol: /^https?$/, error: 'a URL that begins with http:// or https://' });
const header = z.string({ error: 'the name of a header' }).regex(/^[\w-]+$/, 'the name of a header');

const subscriptions = z.strictObject({
  protocol: z
    .enum(['graphql-ws', 'subscriptions-transport-ws', 'sse', 'multipart', 'callback'], {
      error: 'graphql-ws, subscriptions-transport-ws, sse, multipart or callback',
    })
    .optional(),
  /** Where subscriptions are served, when that is not the address of queries: a path, or a URL of its own. */
  path: z.string({ error: 'a path that begins with /' }).regex(/^\//, 'a path that begins with /').optional(),
  /** What `connection_init` carries: the headers that the subgraph gets, the client's own payload, or nothing. */
  init: z.enum(['headers', 'client', 'none'], { error: 'headers, client or none' }).optional(),
});

/** What one subgraph may have. */
export const subgraphSettings = {
  headers: z
    .strictObject({
      request: z.array(requestRule, { error: 'a list of rules' }).optional(),
      response: z.array(responseRule, { error: 'a list of rules' }).optional(),
    })
    .optional(),
  timeout_ms: whole(50, 600_000).optional(),
  restart_ms: whole(0, 60_000).optional(),
  tries: whole(1, 10).optional(),
  concurrency: whole(1, 10_000).optional(),
  queue: whole(0, 100_000).optional(),
  /** Whether equal queries to the subgraph, of different operations at the same time, are sent once. */
  deduplicate: flag.optional(),
  errors: z.enum(['pass', 'redact'], { error: 'pass or redact' }).optional(),
  subscriptions: subscriptions.optional(),
  tls: tls.optional(),
  cache: subgraphCache.optional(),
};

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'] as const;

const issuer = z.strictObject({
  jwks: webUrl,
  issuer: z.string().min(1, 'the `iss` of the tokens').optional(),
  audience: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)], { error: 'the `aud` of the tokens' })
    .optional(),
  algorithms: z
    .array(z.enum(ALGORITHMS, { error: ALGORITHMS.join(', ') }))
    .min(1)
    .optional(),
});

/** How tokens of an identity provider are verified. */
export const authentication = z.strictObject({
  issuers: z.array(issuer, { error: 'a list of issuers' }).min(1, 'a list of one or more issuers'),
  /** Where the token is. Default: `authorization`, after `Bearer`. */
  header: header.optional(),
  prefix: z.string().optional(),
  cookie: z.string().min(1, 'the name of a cookie').optional(),
  claims: z
    .strictObject({ user: claimPath.optional(), roles: claimPath.optional(), scopes: claimPath.optional() })
    .optional(),
  /** Refuse every operation without a token. */
  required: flag.optional(),
});

/** The shape of a gateway.yaml. */
export const gatewayFile = z
  .strictObject(
    {
      all: z.strictObject(subgraphSettings).optional(),
      subgraphs: z
        .record(
          z.string(),
          z.strictObject({
            ...subgraphSettings,
            urls: z.array(webUrl, { error: 'a list of URLs' }).min(1, 'a list of one or more URLs').optional(),
          }),
        )
        .optional(),
      authentication: authentication.optional(),
      cache: answerCache.optional(),
      /** Where subgraphs send the events of subscriptions whose protocol is `callback`. */
      callback: z.strictObject({ url: webUrl, heartbeat_ms: whole(0, 3_600_000).optional() }).optional(),
      limits: limits.optional(),
      /** Operations a minute. */
      rate_limits: rateLimits.optional(),
      cors: cors.optional(),
      /**
       * Headers that answers vary on: equal operations that differ in others are executed once. Default: all of them.
       */
      vary: z
        .array(
          header.transform((name) => name.toLowerCase()),
          { error: 'a list of headers' },
        )
        .optional(),
    },
    {
      error: (issue) =>
        issue.code === 'invalid_type' ? 'a mapping with `all`, `subgraphs`, `authentication`' : undefined,
    },
  )
  .superRefine((file, context) => {
    if (file.callback) return;
    for (const [place, settings] of [['all', file.all] as const, ...Object.entries(file.subgraphs ?? {})]) {
      if (settings?.subscriptions?.protocol !== 'callback') continue;
      const path = place === 'all' && settings === file.all ? ['all'] : ['subgraphs', place];
      context.addIssue({
        code: 'custom',
        path: [...path, 'subscriptions', 'protocol'],
        message: 'callback only with `callback: {url: …}`, the URL of this gateway for its subgraphs',
      });
    }
  });

/** Returns the JSON Schema of gateway.yaml, for editors. */
export const gatewayFileSchema = (): unknown => z.toJSONSchema(gatewayFile, { io: 'input', unrepresentable: 'any' });
