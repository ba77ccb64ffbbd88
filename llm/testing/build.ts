import { pino } from 'pino';
import { Registry } from 'prom-client';
import { loadConfig } from '#platform/base/config/config.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import {
  type Alias,
  aliasFor,
  type Catalogue,
  type Deployment,
  NO_LIMITS,
  type Provider,
} from '../catalogue/catalogue.ts';
import { defaultsOf } from '../catalogue/environment.ts';
import type { ChatPart, ChatStream } from '../chat-stream.ts';
import { createModels } from '../create-models.ts';
import type { Models, ModelsOptions } from '../models.ts';
import type { Question } from '../provider/protocol.ts';
import type { LlmCallRecord } from '../records/record.ts';
import type { CallContext } from '../requests.ts';

/** What the tests of this layer are built of. */

export const aUser = (userId = 'u1', apiKeyId?: string): UserIdentity => ({
  kind: 'user',
  userId,
  roles: ['user'],
  scopes: [],
  expiresAt: 4_000_000_000,
  ...(apiKeyId !== undefined && { apiKeyId }),
});

export const aCall = (more: Partial<CallContext> = {}): CallContext => ({ identity: aUser(), ...more });

export const aProvider = (url: string, more: Partial<Provider> = {}): Provider => ({
  id: 'test',
  type: 'compatible',
  baseUrl: url,
  keys: [],
  headers: {},
  apiVersion: undefined,
  streamUsage: true,
  free: false,
  ...more,
});

export const aDeployment = (url: string, more: Partial<Deployment> & { provider?: Provider } = {}): Deployment => ({
  id: 'd1',
  provider: aProvider(url),
  model: 'test-model',
  capabilities: {
    chat: true,
    tools: true,
    vision: true,
    json: true,
    reasoning: false,
    embeddings: false,
    images: false,
    rerank: false,
  },
  contextWindow: undefined,
  maxOutputTokens: undefined,
  price: undefined,
  tags: [],
  limits: {},
  stallMs: 5_000,
  ...more,
});

/** The capabilities of a model that does one thing alone. */
export const ableTo = (what: keyof Deployment['capabilities']): Deployment['capabilities'] => ({
  chat: false,
  tools: false,
  vision: false,
  json: false,
  reasoning: false,
  embeddings: false,
  images: false,
  rerank: false,
  [what]: true,
});

/** An alias over some deployments; by default retries do not wait. */
export const anAlias = (id: string, deployments: readonly Deployment[], more: Partial<Alias> = {}): Alias => ({
  ...aliasFor(id, deployments[0]!),
  targets: deployments.map((deployment) => ({ deployment, weight: 1, order: 0, when: undefined })),
  retries: { attempts: 2, baseMs: 1, maxMs: 5, maxWaitMs: 5_000 },
  ...more,
});

export function aCatalogue(aliases: readonly Alias[], more: Partial<Catalogue> = {}): Catalogue {
  const byId = new Map(aliases.map((alias) => [alias.id, alias]));
  const deployments = new Map(
    aliases.flatMap((alias) => alias.targets.map(({ deployment }) => [deployment.id, deployment] as const)),
  );
  return {
    aliases: byId,
    deployments,
    defaults: defaultsOf(byId),
    limits: NO_LIMITS,
    source: 'test',
    problems: [],
    ...more,
  };
}

export interface TestModels {
  readonly models: Models;
  readonly records: LlmCallRecord[];
  readonly metrics: Registry;
}

export function testModels(
  catalogue: Catalogue | undefined,
  more: Partial<ModelsOptions> & { env?: Record<string, string> } = {},
): TestModels {
  const records: LlmCallRecord[] = [];
  const metrics = new Registry();
  const { env, ...options } = more;
  const models = createModels({
    config: loadConfig({ LLM_DISCOVERY: 'false', LLM_CONFIG: 'absent.yaml', ...env }),
    log: pino({ level: process.env.TEST_LOG ?? 'silent' }),
    metrics,
    onRecord: (record) => {
      records.push(record);
    },
    ...(catalogue && { catalogue }),
    ...options,
  });
  return { models, records, metrics };
}

/** Reads a stream to its end, or to its error, which is returned beside what came before. */
export async function readAll(stream: ChatStream): Promise<{ parts: ChatPart[]; text: string; error: unknown }> {
  const parts: ChatPart[] = [];
  let error: unknown;
  try {
    for await (const part of stream) parts.push(part);
  } catch (thrown) {
    error = thrown;
  }
  const text = parts.map((part) => (part.type === 'text' ? part.text : '')).join('');
  return { parts, text, error };
}

/** A question, as readers of its answer get it. */
export const aQuestion = (): Question => ({
  deployment: aDeployment('http://localhost'),
  request: hello,
  messages: hello.messages,
  maxTokens: undefined,
  quirks: {},
});

export const hello = { messages: [{ role: 'user' as const, content: 'hello' }] };
