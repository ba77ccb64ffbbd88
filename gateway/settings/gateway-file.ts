import { readFile } from 'node:fs/promises';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { answerCache, subgraphCache } from './cache-settings.ts';
import { GatewayFileError } from './error.ts';
import { claimPath, requestRule, responseRule } from './header-settings.ts';
import { cors, limits, rateLimits } from './protection-settings.ts';
import { tls } from './tls-settings.ts';
import { expandVariables } from './variables.ts';

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

const subgraphSettings = {
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

const authentication = z.strictObject({
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

const gatewayFile = z
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

/** The settings of an optional gateway.yaml, beside those of the environment. */
export type GatewayFile = z.infer<typeof gatewayFile>;
export type SubgraphSettings = z.infer<z.ZodObject<typeof subgraphSettings>> & { readonly urls?: readonly string[] };
export type Authentication = z.infer<typeof authentication>;

/** Returns the JSON Schema of gateway.yaml, for editors. */
export const gatewayFileSchema = (): unknown => z.toJSONSchema(gatewayFile, { io: 'input', unrepresentable: 'any' });

/**
 * Reads a gateway.yaml, `${env.NAME}` expanded as in a supergraph.yaml.
 *
 * @throws {GatewayFileError} with a line for every wrong entry: where it is, and what is allowed there.
 */
export async function readGatewayFile(
  file: string,
  env: Record<string, string | undefined> = process.env,
): Promise<GatewayFile> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new GatewayFileError(`${file} cannot be read: ${(error as Error).message}`);
  }
  return parseGatewayFile(text, file, env);
}

/** Parses the text of a gateway.yaml. @throws {GatewayFileError} */
export function parseGatewayFile(text: string, name: string, env: Record<string, string | undefined>): GatewayFile {
  const expanded = expandVariables(text, env);
  if (expanded.missing.length > 0) {
    throw new GatewayFileError(
      expanded.missing.map((v) => `${name} uses \${env.${v}}, but ${v} is not in the environment.`).join('\n'),
    );
  }
  let raw: unknown;
  try {
    raw = parseYaml(expanded.text) ?? {};
  } catch (error) {
    throw new GatewayFileError(`${name} is not YAML: ${(error as Error).message.replace(/\s*\n\s*/g, ' ')}`);
  }
  const parsed = gatewayFile.safeParse(raw);
  if (parsed.success) return parsed.data;
  throw new GatewayFileError(parsed.error.issues.map((issue) => `${name}: ${lineOf(issue, [])}`).join('\n'));
}

type Issue = z.core.$ZodIssue;

/** What is wrong in one place. Of alternatives the one counts that was meant, if it can be told. */
function lineOf(issue: Issue, above: readonly PropertyKey[]): string {
  const place = [...above, ...issue.path];
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.filter((issues) => issues.length === 1).map(([only]) => only!);
    const nearest = meant.find(({ path }) => path.length > 0) ?? meant.find(({ code }) => code === 'custom');
    if (nearest) return lineOf(nearest, place);
  }
  const at = place.join('.') || 'the file';
  if (issue.code === 'unrecognized_keys') return `${at} has ${issue.keys.join(', ')}, which is not a setting`;
  return `${at} is wrong; allowed: ${issue.message}`;
}

/** Returns the names of subgraphs that a file has settings for and a supergraph does not have. */
export const strangersIn = ({ subgraphs = {} }: GatewayFile, known: readonly string[]): string[] =>
  Object.keys(subgraphs).filter((name) => !known.includes(name));

/** Returns what holds for one subgraph: its own settings before those for all, header rules after those for all. */
export function settingsOf(file: GatewayFile, subgraph: string): SubgraphSettings {
  const { all = {}, subgraphs = {} } = file;
  const own: SubgraphSettings = Object.hasOwn(subgraphs, subgraph) ? subgraphs[subgraph]! : {};
  const request = [...(all.headers?.request ?? []), ...(own.headers?.request ?? [])];
  const response = [...(all.headers?.response ?? []), ...(own.headers?.response ?? [])];
  return {
    ...all,
    ...own,
    headers: { request, response },
    subscriptions: { ...all.subscriptions, ...own.subscriptions },
    cache: { ...all.cache, ...own.cache },
  };
}
