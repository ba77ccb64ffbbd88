import { z } from 'zod';

/** What of a server's tools waits for a person: those that may change something, all, or none. */
const CONFIRMS = ['writes', 'always', 'never'] as const;

const whole = (min: number, max: number) => z.int(`a whole number from ${min} to ${max}`).min(min).max(max);
const tools = z.array(z.string().min(1).max(128));

/** How each person signs in at a server with an account of their own. */
const oauth = z.strictObject({
  /** Of this product, where its administrator has registered it; absent: it registers itself. */
  client_id: z.string().min(1).max(2_000).optional(),
  client_secret: z.string().min(1).max(2_000).optional(),
  /** What is asked for; absent: what the server says it needs. */
  scopes: z.array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'scopes without spaces and quotes')).optional(),
  /** Of the authorization server; absent: the one that the server names. Only the one written here may be private. */
  issuer: z.url({ protocol: /^https?$/, error: 'an http:// or https:// URL' }).optional(),
});

/** The part of llm.yaml about one tool server. Either `url` or `command` says where it is. */
export const toolServer = z
  .strictObject({
    /** Of an MCP server over HTTP (Streamable HTTP, or the older SSE). */
    url: z.url({ protocol: /^https?$/, error: 'an http:// or https:// URL' }).optional(),
    headers: z.record(z.string(), z.string()).default({}),
    oauth: z.union([z.literal(true).transform(() => oauth.parse({})), oauth]).optional(),
    /** Starts an MCP server that speaks over its standard input and output. */
    command: z.string().min(1).optional(),
    args: z.array(z.string()).default([]),
    env: z.record(z.string(), z.string()).default({}),
    cwd: z.string().optional(),
    description: z.string().max(500).optional(),
    enabled: z.boolean().default(true),
    /** Roles that may use it; absent: everybody. */
    roles: z.array(z.string()).optional(),
    /** The tools that models may call; absent: all. */
    tools: tools.optional(),
    confirm: z.enum(CONFIRMS).default('writes'),
    confirm_tools: tools.default([]),
    trusted_tools: tools.default([]),
    connect_timeout_ms: whole(100, 60_000).default(5_000),
    timeout_ms: whole(100, 600_000).default(30_000),
    max_output_bytes: whole(1_000, 90_000).default(50_000),
    parallel: whole(1, 1_000).default(8),
  })
  .refine(({ url, command }) => (url === undefined) !== (command === undefined), 'needs either url or command')
  .refine(({ oauth: own, url }) => own === undefined || url !== undefined, 'has oauth, which goes with url')
  .refine(
    ({ oauth: own, headers }) =>
      own === undefined || !Object.keys(headers).some((name) => name.toLowerCase() === 'authorization'),
    'has both oauth and a header Authorization; one of them says who asks',
  )
  .refine(
    ({ oauth: own }) => own?.client_secret === undefined || own.client_id !== undefined,
    'has a client_secret without a client_id',
  );

/** The settings of one tool server. */
export type ToolServerSettings = z.infer<typeof toolServer>;
/** The settings of all of them, by name. */
export type ToolServerSettingsMap = ReadonlyMap<string, ToolServerSettings>;

/** A name of a tool server: it begins the names of its tools, and `__` ends it there. */
export const toolServerName = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9-]{0,23}$/, 'a name of letters, digits and -, beginning with a letter, at most 24 long');
