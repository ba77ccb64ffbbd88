import { z } from 'zod';

/**
 * Every setting of the product: its environment variable, its type, its default and what it is for.
 *
 * The descriptions are the documentation: `sextant doctor --settings` prints them and docs/configuration.md is made of
 * them. An empty variable counts as unset, because compose files and Kubernetes manifests write `FOO=` for "no value".
 */

const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false', '1', '0', 'yes', 'no', 'on', 'off'], { error: 'true or false' })
    .transform((value) => ['true', '1', 'yes', 'on'].includes(value))
    .default(fallback);

/** One check for all that a number has to be: each check is a schema more that is made at every start. */
const wholeNumber = (min: number, max: number) => {
  const error = `a whole number from ${min} to ${max}`;
  return z.coerce
    .number({ error })
    .refine((value) => Number.isSafeInteger(value) && value >= min && value <= max, error);
};

const count = (fallback: number, min: number, max: number) => wholeNumber(min, max).default(fallback);

/** For what has no fixed default. */
const optionalCount = (min: number, max: number) => wholeNumber(min, max).optional();

/** How much one user may have; what is there already stays when the limit is lowered. */
const quota = (fallback: number, what: string) =>
  count(fallback, 0, Number.MAX_SAFE_INTEGER).describe(`${what}; beyond it QUOTA_EXCEEDED. 0 sets no limit.`);

const httpUrl = z.url({ protocol: /^https?$/, error: 'an http:// or https:// URL' });
const postgresUrl = z.url({ protocol: /^postgres(ql)?$/, error: 'a postgresql:// URL' });
const redisUrl = z.url({ protocol: /^rediss?$/, error: 'a redis:// or rediss:// URL' });

const list = z.string().transform((value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter(Boolean),
);

/** Accepts `host:port` as well as a URL: the original system's `REDIS_ADDR` had no scheme. */
const redisAddress = z
  .string()
  .transform((value) => (value.includes('://') ? value : `redis://${value}`))
  .pipe(redisUrl);

export const settings = z.object({
  NODE_ENV: z
    .enum(['development', 'production', 'test'], { error: 'development, production or test' })
    .default('development')
    .describe('`production` hides introspection, suggestions and the explorer, and refuses development conveniences.'),
  HOST: z
    .string()
    .default('127.0.0.1')
    .describe('Address that the servers listen on. Containers set 0.0.0.0; a laptop should not.'),
  PORT: count(4000, 0, 65535).describe('Port of the gateway; 0 picks a free one.'),
  TLS_CERT_FILE: z
    .string()
    .optional()
    .describe('Certificate (PEM, with its chain) of the gateway for clients: HTTPS, with HTTP/2. Unset: plain HTTP.'),
  TLS_KEY_FILE: z.string().optional().describe('Private key (PEM) of TLS_CERT_FILE.'),
  WORKERS: z
    .union([z.literal('auto'), z.coerce.number().int().min(1).max(256)], {
      error: 'auto, or a whole number from 1 to 256',
    })
    .default(1)
    .describe(
      'Processes of the gateway behind its port; `auto`: as many as it has processors. SIGHUP replaces them one by one. With `sextant up` the subgraphs and the database stay in one process.',
    ),
  PUBLIC_URL: httpUrl
    .optional()
    .describe(
      'URL under which browsers reach the gateway, for links in mails and signed URLs. Default: http://localhost:PORT.',
    ),
  CONSOLE: flag(true).describe(
    'Whether the gateway serves the console, the web page at /, and mails lead to it. `off` leaves the graph, the explorer, and plain pages for what mails lead to.',
  ),
  SUBGRAPH_PORT: count(0, 0, 65535).describe(
    'Port of `sextant serve <subgraph>`; 0 takes the one of its routing_url in supergraph.yaml.',
  ),
  SUPERGRAPH_FILE: z
    .string()
    .default('supergraph.yaml')
    .describe('The supergraph: a Rover supergraph.yaml, or a composed .graphql file.'),
  SUPERGRAPH_POLL_MS: count(10_000, 1_000, 86_400_000).describe(
    'How often a registry (`--supergraph` with a URL, uplink or hive) is asked for another supergraph, in milliseconds.',
  ),
  SUPERGRAPH_TOKEN: z.string().optional().describe('Bearer token for the URL of `--supergraph`.'),
  HIVE_CDN_ENDPOINT: list
    .default([])
    .refine((urls) => urls.every((url) => /^https?:\/\//.test(url) && URL.canParse(url)), 'http:// or https:// URLs')
    .describe(
      'Comma-separated addresses of a target in Hive’s CDN, for `--supergraph hive`; the first that answers counts.',
    ),
  HIVE_CDN_KEY: z.string().optional().describe('Access token of Hive’s CDN.'),
  APOLLO_UPLINK_ENDPOINTS: list
    .default(['https://uplink.api.apollographql.com/', 'https://aws.uplink.api.apollographql.com/'])
    .refine((urls) => urls.every((url) => /^https?:\/\//.test(url) && URL.canParse(url)), 'http:// or https:// URLs')
    .describe(
      'Comma-separated addresses of Apollo’s Uplink, for `--supergraph uplink`, which takes APOLLO_KEY and APOLLO_GRAPH_REF.',
    ),
  GATEWAY_FILE: z
    .string()
    .optional()
    .describe('A gateway.yaml: headers, time limits, errors and subscriptions by subgraph, issuers of tokens.'),
  GATEWAY_ENGINE: z
    .enum(['compiled', 'stock'], { error: 'compiled or stock' })
    .default('compiled')
    .describe(
      '`stock` runs queries and mutations with Apollo’s own executor, to compare with; it has no subscriptions.',
    ),
  SEXTANT_DIR: z
    .string()
    .default('.sextant')
    .describe('Folder of the embedded database, blobs, vectors and keys. Deleting it deletes all embedded data.'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'trace, debug, info, warn, error, fatal or silent',
    })
    .default('info')
    .describe('Least severe level that is logged.'),
  LOG_FORMAT: z
    .enum(['json', 'pretty', 'auto'], { error: 'json, pretty or auto' })
    .default('auto')
    .describe('`auto` is pretty on a terminal and JSON elsewhere.'),
  CORS_ORIGINS: list
    .default([])
    .describe(
      'Comma-separated origins whose pages may call the gateway. In development localhost and Apollo Studio are added.',
    ),
  TRUSTED_PROXIES: count(0, 0, 10).describe(
    'How many proxies stand in front and append to X-Forwarded-For; 0 trusts none, and all clients of a proxy count as one.',
  ),
  REQUEST_TIMEOUT_MS: count(60_000, 100, 600_000).describe('Longest wait for the answer to one query or mutation.'),
  SUBGRAPH_TIMEOUT_MS: count(30_000, 50, 600_000).describe(
    'Longest wait of the gateway for one answer of a subgraph, in milliseconds; its fields are then null with a code.',
  ),
  SUBGRAPH_RESTART_MS: count(3_000, 0, 60_000).describe(
    'How long operations wait for a subgraph whose only process has just gone, e.g. to restart, in milliseconds; then SUBGRAPH_UNAVAILABLE.',
  ),
  MAX_BODY_BYTES: count(524_288, 1_024, 67_108_864).describe(
    'Largest GraphQL request over HTTP, in bytes; at /v1, /api and /mcp the largest of those who are not signed in.',
  ),
  MAX_DOOR_BODY_BYTES: count(10_485_760, 1_024, 67_108_864).describe(
    'Largest JSON request at /v1, /api and /mcp of those who are signed in, in bytes: pictures in base64. Above MAX_BODY_BYTES it has to be made of long texts.',
  ),
  COMPRESS_FROM_BYTES: count(4_096, 0, 67_108_864).describe(
    'Answers of /graphql from this size on are compressed (zstd, br or gzip) for clients that accept it; 0 never. Streams are not.',
  ),
  MAX_BATCH: count(0, 0, 100).describe(
    'Operations of one request that is a batch (a list); 0 refuses batches. Each counts against all limits and rates.',
  ),
  MAX_TOKENS: count(10_000, 100, 1_000_000).describe('Tokens of one GraphQL document.'),
  MAX_DEPTH: count(20, 1, 1_000).describe(
    'Depth of one operation: fields and fragments in one another, each fragment a level of its own.',
  ),
  MAX_VALUE_DEPTH: count(32, 1, 256).describe(
    'Lists and objects in one another, in one value of an argument, a variable or an extension.',
  ),
  MAX_ALIASES: count(30, 0, 100_000).describe('Aliases of one operation, fragments followed.'),
  MAX_ROOT_FIELDS: count(20, 1, 100_000).describe('Root fields of one operation.'),
  MAX_DIRECTIVES: count(50, 0, 100_000).describe('Directives of one operation.'),
  MAX_VARIABLES: count(500, 1, 100_000).describe('Variables that one operation declares.'),
  MAX_COST: count(25_000, 1, 1_000_000_000).describe(
    'Highest estimated cost of one operation: 1 for each object that it may return, weighed by @cost and @listSize.',
  ),
  PLANNING_TIMEOUT_MS: count(5_000, 100, 600_000).describe(
    'Longest planning of a new operation, which happens beside the gateway’s other work; then it is refused.',
  ),
  NEW_OPERATIONS_MS: count(6_000, 0, 60_000).describe(
    'Processor time in a minute, in milliseconds, for reading and compiling operations of one user (or address without credentials) that the gateway does not know yet, and for parsing its messages above 8 KB, a fifth of it at once; beyond it they wait up to 10 s, then RATE_LIMITED. 0 sets no limit.',
  ),
  RATE_LIMIT_IDENTITY: count(6_000, 0, 100_000_000).describe(
    'Operations a minute of one user, with all its API keys; 0 sets no limit.',
  ),
  RATE_LIMIT_ADDRESS: count(3_000, 0, 100_000_000).describe(
    'Operations a minute of one address (of IPv6 a /64) without credentials; 0 sets no limit.',
  ),
  OPERATIONS_MANIFEST: z
    .string()
    .optional()
    .describe('Manifest of registered operations (Apollo’s or Relay’s format). Set: no other operation is accepted.'),
  OVERRIDE_LABELS: list
    .default([])
    .describe(
      'Comma-separated labels of progressive overrides (`@override(label:)`) that are taken for all requests. Labels such as `percent(20)` need no setting.',
    ),
  POLICY_URL: httpUrl
    .optional()
    .describe(
      'Server that decides the policies of @policy: docs/gateway.md. Unset: a policy is granted by the role of its name.',
    ),
  POLICY_TIMEOUT_MS: count(1_000, 10, 60_000).describe(
    'Longest wait for POLICY_URL; fields whose policy cannot be found out are then null with a code.',
  ),
  POLICY_CACHE_MS: count(5_000, 0, 600_000).describe(
    'How long a decision of POLICY_URL is kept, by caller and policy; 0 asks each time.',
  ),
  WS_MAX_MESSAGE_BYTES: count(262_144, 1_024, 16_777_216).describe('Largest message of a WebSocket client, in bytes.'),
  WS_MAX_OPERATIONS: count(100, 1, 100_000).describe('Operations at once on one WebSocket.'),
  WS_MAX_SOCKETS_IDENTITY: count(100, 1, 1_000_000).describe(
    'WebSockets at once of one user, with all its API keys, and as many streams over HTTP, in each gateway process.',
  ),
  WS_MAX_SOCKETS_ADDRESS: count(1_000, 1, 1_000_000).describe(
    'WebSockets at once from one address (of IPv6 a /64), and as many streams over HTTP, in each gateway process.',
  ),
  HTTP_MAX_CONNECTIONS_ADDRESS: count(1_000, 1, 1_000_000).describe(
    'Connections at once from one address (of IPv6 a /64) beside those of its WebSockets, in each gateway process, where `TRUSTED_PROXIES` is 0. Behind a balancer of TCP connections all clients have its address: set as many as all of them need.',
  ),
  WS_KEEPALIVE_MS: count(12_000, 100, 600_000).describe(
    'A WebSocket is pinged this often, and cut when it misses one.',
  ),
  SHUTDOWN_TIMEOUT_MS: count(10_000, 100, 600_000).describe(
    'How long SIGTERM waits for running work, in milliseconds.',
  ),

  MEMORY_MB: optionalCount(128, 1024 ** 2).describe(
    'Memory that one process may use, in MiB. With less than 1,024, documents, pictures and text recognition take turns, caches are smaller, and threads that have nothing to do end sooner. Default: the limit of its container, or all that the machine has.',
  ),

  DATABASE_URL: postgresUrl.optional().describe('Postgres. Unset: the embedded database in SEXTANT_DIR.'),
  DATABASE_POOL: count(10, 1, 200).describe('Connections of one subgraph to Postgres.'),
  DATABASE_PREPARED: flag(true).describe(
    'Whether statements that come often are prepared in each connection to Postgres. False behind a pooler that shares connections between transactions and does not know prepared statements.',
  ),
  EMBEDDED_FSYNC: flag(true).describe(
    'Whether the embedded database writes each commit to the disk before it answers: slower, but survives a power cut.',
  ),
  REDIS_URL: redisUrl
    .optional()
    .describe(
      'Redis for streams, presence, rate limits and caches. Unset: in memory, one process and its WORKERS only.',
    ),
  REDIS_ADDR: redisAddress.optional().describe('host:port of Redis, the original system’s name for REDIS_URL.'),
  REDIS_PREFIX: z.string().default('sextant:').describe('Prefix of every Redis key.'),
  WEAVIATE_URL: httpUrl.optional().describe('Weaviate. Unset: the embedded vector store in SEXTANT_DIR.'),
  VECTOR_DB_ENDPOINT: httpUrl.optional().describe('The original system’s name for WEAVIATE_URL.'),
  WEAVIATE_PREFIX: z
    .string()
    .regex(/^[A-Z][A-Za-z0-9_]{0,63}$/, 'must begin with a capital letter and have letters, digits and _ alone')
    .default('Sextant_')
    .describe('Begins the names of collections in Weaviate. Installations that share a server need one each.'),
  WEAVIATE_GRPC_URL: z
    .string()
    .optional()
    .describe('host:port of Weaviate’s gRPC endpoint. Default: its host, port 50051.'),
  VECTOR_MEMORY_MB: optionalCount(16, 4096).describe(
    'Memory for cached vectors of the embedded store, in MiB: 100 000 vectors of 512 dimensions take about 230. Default: 1,024, but at most half of MEMORY_MB; where that is less than 1,024, an eighth.',
  ),
  VECTOR_READERS: optionalCount(1, 16).describe(
    'Threads of the embedded store that search, each for its share of the users and collections. Default: half of the processors, at most 4; with less than 1,024 of MEMORY_MB one.',
  ),
  WEAVIATE_API_KEY: z.string().optional().describe('API key of Weaviate.'),

  BLOBS_S3_BUCKET: z
    .string()
    .regex(
      /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      'the name of a bucket: 3 to 63 lower-case letters, digits, "." and "-"',
    )
    .optional()
    .describe(
      'Bucket for uploads, images and documents, in any storage that speaks S3’s protocol. Unset: a folder in SEXTANT_DIR, which replicas must share.',
    ),
  BLOBS_S3_ENDPOINT: httpUrl
    .optional()
    .describe('Address of the storage, e.g. http://minio:9000. Default: that of AWS for the region.'),
  BLOBS_S3_REGION: z.string().default('us-east-1').describe('Region of the bucket.'),
  BLOBS_S3_PREFIX: z
    .string()
    .regex(/^(?:[A-Za-z0-9_-][A-Za-z0-9._-]*\/)+$/, 'letters, digits, ".", "_", "-" and "/", with a "/" at the end')
    .optional()
    .describe('Begins every key, e.g. sextant/, so that installations can share a bucket.'),
  BLOBS_S3_ACCESS_KEY_ID: z
    .string()
    .optional()
    .describe(
      'Key to the bucket, with BLOBS_S3_SECRET_ACCESS_KEY. Unset: what the AWS SDK finds, such as the role of a pod or a machine.',
    ),
  BLOBS_S3_SECRET_ACCESS_KEY: z.string().optional().describe('Secret of BLOBS_S3_ACCESS_KEY_ID.'),
  BLOBS_S3_PATH_STYLE: flag(true).describe(
    'Whether the bucket stands in the path of a URL, as most storages want it; of AWS’s own alone it stands in the host name then as well.',
  ),
  BLOBS_S3_ENCRYPTION: z
    .enum(['AES256', 'aws:kms'], { error: 'AES256 or aws:kms' })
    .optional()
    .describe('Encryption at rest that each upload asks the storage for. Default: what the bucket prescribes.'),
  BLOBS_S3_KMS_KEY_ID: z.string().optional().describe('Key of the KMS for BLOBS_S3_ENCRYPTION=aws:kms.'),
  BLOBS_S3_DIRECT: flag(false).describe(
    'Whether downloads of originals go to the storage itself, by a link that it signs for a minute: browsers must reach BLOBS_S3_ENDPOINT.',
  ),

  JWT_SECRET: z
    .string()
    .min(32, 'at least 32 characters')
    .optional()
    .describe(
      'Seals signing keys at rest and signs what processes tell one another. Required when processes are separate; embedded, one is made and kept in SEXTANT_DIR.',
    ),
  JWT_SECRET_PREVIOUS: z
    .string()
    .min(32, 'at least 32 characters')
    .optional()
    .describe(
      'Another JWT_SECRET that is accepted beside it, so that it can be changed without signing anybody out: docs/operations.md.',
    ),
  JWT_ISSUER: z.string().default('sextant').describe('`iss` of access tokens.'),
  JWT_AUDIENCE: z.string().default('sextant').describe('`aud` of access tokens.'),
  ACCESS_TOKEN_TTL_S: count(600, 30, 86_400).describe('Life of an access token, in seconds.'),
  REFRESH_TOKEN_TTL_S: count(30 * 86_400, 60, 366 * 86_400).describe('Life of a session without use, in seconds.'),
  REFRESH_GRACE_S: count(30, 0, 300).describe(
    'How long the refresh token before the latest is answered again, in seconds, for answers that got lost.',
  ),
  SESSION_MAX_AGE_S: count(180 * 86_400, 60, 3660 * 86_400).describe('Life of a session that is used, in seconds.'),
  FALSE_CREDENTIALS_PER_MINUTE: count(60, 1, 1_000_000).describe(
    'Access tokens and API keys of one address (of IPv6 a /64) in a minute that are not good; more get RATE_LIMITED.',
  ),
  LOGINS_PER_MINUTE: count(120, 1, 1_000_000).describe(
    'Sign-ins of one address (of IPv6 a /64) in a minute; a device that was signed in before has as many of its own.',
  ),
  SIGNUPS_PER_HOUR: count(200, 1, 1_000_000).describe('New accounts of one address (of IPv6 a /64) in an hour.'),
  ACCOUNT_MAILS_PER_HOUR: count(60, 1, 1_000_000).describe(
    'Mails for passwords and addresses that one address (of IPv6 a /64) may ask for in an hour.',
  ),
  ACCOUNT_LINKS_URL: httpUrl
    .optional()
    .describe(
      'Where links in mails lead: your page with /reset-password, /verify-email and /change-email. Default: the console.',
    ),
  ADMIN_EMAIL: z
    .email({ error: 'an e-mail address' })
    .optional()
    .describe(
      'First administrator, with ADMIN_PASSWORD, instead of the one-time link. An account that has the address already is taken over: its password, sessions and API keys end. Nothing happens where there is an administrator.',
    ),
  ADMIN_PASSWORD: z
    .string()
    .min(15, 'at least 15 characters')
    .optional()
    .describe('Password of the first administrator.'),
  SIGNUP: z
    .enum(['open', 'closed'], { error: 'open or closed' })
    .default('open')
    .describe('`closed`: only administrators create accounts.'),
  CONNECTED_APPS: flag(true).describe(
    'Whether programs may be connected over OAuth, each by its person, for /mcp. `off`: API keys alone open it.',
  ),
  SMTP_URL: z
    .url({ protocol: /^smtps?$/, error: 'an smtp:// or smtps:// URL' })
    .optional()
    .describe(
      'Mail server. Unset: mails are written to the log for the administrator; in production no mail is sent or written, and administrators make links with createPasswordLink.',
    ),
  MAIL_FROM: z.string().default('Sextant <no-reply@localhost>').describe('Sender of mails.'),

  OPENAI_API_KEY: z.string().optional().describe('Key of OpenAI or of the compatible server at OPENAI_BASE_URL.'),
  OPENAI_BASE_URL: httpUrl.optional().describe('An OpenAI-compatible endpoint, ending in /v1. Default: OpenAI’s.'),
  OPENAI_MODEL: z.string().optional().describe('Default chat model at that endpoint.'),
  LOCAL_LLM_ENDPOINT: httpUrl
    .optional()
    .describe('An OpenAI-compatible server without a key: Ollama, vLLM, LM Studio, llama.cpp …'),
  LOCAL_LLM_MODEL: z
    .string()
    .optional()
    .describe('Default chat model at LOCAL_LLM_ENDPOINT. Default: the first it lists.'),
  LLM_DISCOVERY: flag(true).describe('Look for a language-model server on this machine when none is configured.'),
  LLM_CONFIG: z.string().default('llm.yaml').describe('Catalogue of providers, models, routes and prices; optional.'),
  LLM_TIMEOUT_MS: count(120_000, 1_000, 3_600_000).describe(
    'Longest wait for the next piece of a reply, in milliseconds. Before its first word, a server that sends comments to say that it is there is waited for up to 15 minutes.',
  ),
  USER_BUDGET_PER_DAY: z
    .string()
    .regex(/^\d{1,9}(\.\d{1,6})?$/, 'an amount of US dollars, such as 10 or 2.50')
    .default('10')
    .describe(
      'US dollars that the calls of one user may cost in a day (UTC) where no budget is set for the user; 0: no limit.',
    ),
  CHAT_SENDS_PER_MINUTE: count(60, 1, 100_000).describe('Messages that one user may send in a minute.'),
  CHAT_REPLIES_PER_USER: count(8, 1, 10_000).describe(
    'Replies to one user that may be unfinished at a time, in all processes; as many completions beside them.',
  ),
  CHAT_REPLIES_PER_PROCESS: count(200, 1, 10_000).describe(
    'Replies that one chat process writes at a time; what exceeds it waits for a free place in any process.',
  ),
  CHAT_TITLES: flag(true).describe('Let the model give conversations a title after the first exchange.'),
  TOOL_APPROVAL_S: count(3_600, 1, 604_800).describe(
    'How long a person may take to allow a call of a tool that waits for that, in seconds.',
  ),
  CHAT_RECALL_TIMEOUT_MS: count(400, 0, 60_000).describe(
    'How long a reply waits for memory, in milliseconds; 0 never asks it.',
  ),
  CHAT_RECALL_TOKENS: count(1000, 16, 100_000).describe('Most tokens of what memory adds to a prompt.'),

  WEB_SEARCH_URL: httpUrl
    .optional()
    .describe(
      'Search service for the tool web_search: a SearXNG with the format json, or another address of WEB_SEARCH_SERVICE. Unset: the tool is not offered, unless WEB_SEARCH_SERVICE needs a key alone.',
    ),
  WEB_SEARCH_SERVICE: z
    .enum(['searxng', 'brave', 'tavily'], { error: 'searxng, brave or tavily' })
    .default('searxng')
    .describe('What speaks at WEB_SEARCH_URL. `brave` and `tavily` need WEB_SEARCH_API_KEY, and know their address.'),
  WEB_SEARCH_API_KEY: z.string().optional().describe('Key of the search service.'),
  WEB_FETCH: flag(false).describe('Whether replies may read pages of the public web, by the tool web_fetch.'),
  WEB_FETCH_HOSTS: list
    .default([])
    .describe(
      'Comma-separated hosts (`wiki.internal`, `10.0.0.5:8080`) that web_fetch may read though their addresses are private. Everybody who may send a message can read them.',
    ),
  TOOL_ACCOUNTS_REDIRECT_URL: httpUrl
    .optional()
    .describe(
      'Page of a frontend of your own to which people come back who connect an account at a tool server; it hands `state`, `code` and `iss` of its address to finishToolServerConnection. Default: PUBLIC_URL/connected, a page of the console.',
    ),

  EMBEDDINGS_BASE_URL: httpUrl
    .optional()
    .describe('OpenAI-compatible endpoint for embeddings. Unset: the model of EMBEDDINGS_LOCAL, else the offline one.'),
  EMBEDDINGS_API_KEY: z.string().optional().describe('Key of EMBEDDINGS_BASE_URL.'),
  EMBEDDINGS_MODEL: z
    .string()
    .optional()
    .describe(
      'Embedding models at EMBEDDINGS_BASE_URL, comma-separated; the first is the default. Default: text-embedding-3-small.',
    ),
  EMBEDDINGS_LOCAL: z
    .string()
    .optional()
    .describe(
      'Folder with a sentence model as ONNX, its tokenizer.json and the files that came with them, such as multilingual-e5-small: the default embedding model where EMBEDDINGS_BASE_URL is unset. It runs in the process.',
    ),

  RERANK_TIMEOUT_MS: count(300, 0, 30_000).describe(
    'How long a search of memories, knowledge and earlier messages waits for the reranking model of llm.yaml, in milliseconds, before it goes on without; 0 never asks it.',
  ),
  MEMORY_EXTRACTION: z
    .enum(['auto', 'rules', 'off'], { error: 'auto, rules or off' })
    .default('auto')
    .describe(
      'How memories are learned from finished exchanges: `auto` asks the default language model where there is one (one call an exchange), `rules` takes plain statements only, `off` learns nothing.',
    ),
  DOCUMENT_MAX_BYTES: count(50 * 1024 ** 2, 1024, 1024 ** 3).describe(
    'Largest document that may be uploaded, in bytes.',
  ),
  OCR_PROGRAM: z
    .string()
    .default('auto')
    .describe(
      'The program `tesseract`, version 5 or later, that reads texts in pictures in half the time: its path; `auto`: where there is one on the PATH; `off`: none. Without one, and where it fails, they are read in the process.',
    ),
  OCR_LANGUAGES: list
    .default([])
    .describe(
      'Comma-separated languages that texts in pictures may be in, the most probable first, by Tesseract’s codes: `eng,deu,chi_sim`. Each page is read in the one that reads a sample of it best. Unset: all of OCR_DATA and of packages `@tesseract.js-data/<code>`, of which English is there; those of OCR_PROGRAM are to be named.',
    ),
  OCR_DATA: z
    .string()
    .optional()
    .describe(
      'Folder with more languages for texts in pictures (`deu.traineddata`, `deu.traineddata.gz`), such as /usr/share/tesseract-ocr/5/tessdata. What it has goes before the packages and OCR_PROGRAM’s own.',
    ),
  OCR_WORKERS: count(0, 0, 64).describe(
    'Pages whose text is read at a time in one process; 0: as many as there are processors, at most 4. Each takes 100 to 200 MB while it reads; with less than 1,024 of MEMORY_MB one is read at a time.',
  ),

  QUOTA_CONVERSATIONS: quota(50_000, 'Conversations that one user may own'),
  QUOTA_MEMORIES: quota(100_000, 'Memories of one user, superseded ones included'),
  QUOTA_CONTEXTS: quota(5_000, 'Context entries of one user'),
  QUOTA_DOCUMENTS: quota(5_000, 'Documents of one user, unfinished uploads included'),
  QUOTA_DOCUMENT_BYTES: quota(2 * 1024 ** 3, 'Bytes of the documents of one user, as they were uploaded'),
  QUOTA_IMAGES: quota(5_000, 'Images of one user, unfinished uploads included'),
  QUOTA_IMAGE_BYTES: quota(2 * 1024 ** 3, 'Bytes of the images of one user, as they were uploaded'),
  QUOTA_COLLECTIONS: quota(200, 'Vector collections of one user'),
  QUOTA_OBJECTS: quota(200_000, 'Objects in the vector collections of one user'),

  MTLS_CERT_FILE: z.string().optional().describe('Certificate (PEM) that this process shows to gateway and subgraphs.'),
  MTLS_KEY_FILE: z.string().optional().describe('Its private key (PEM).'),
  MTLS_CA_FILE: z.string().optional().describe('Authority (PEM) that the other side’s certificate must come from.'),

  APOLLO_KEY: z.string().optional().describe('Apollo GraphOS key for usage reporting; off when unset.'),
  APOLLO_GRAPH_REF: z.string().optional().describe('Graph reference for usage reporting.'),
  OTEL_EXPORTER_OTLP_ENDPOINT: httpUrl.optional().describe('OpenTelemetry collector; traces are off when unset.'),
  TRACE_URL: z
    .string()
    .regex(/^https?:\/\/.*\{traceId\}/, 'an http:// or https:// URL with {traceId} in it')
    .optional()
    .describe('Where people read a trace, with `{traceId}` for its id; the console links there.'),
  OTEL_SERVICE_NAME: z.string().optional().describe('Service name in traces. Default: sextant-<process>.'),
});

export type Settings = z.infer<typeof settings>;
