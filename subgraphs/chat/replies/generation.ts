import type { LlmCallRecord } from '#llm/records/record.ts';
import type { FitReport } from '#llm/tokens/fit.ts';
import { Prisma } from '#prisma/chat/client/client.ts';

/**
 * Returns the calls of one reply, several when tools were run between them, as one: what was spent added up, the rest
 * of the last. Undefined when there was none.
 */
export function totalOf(records: readonly LlmCallRecord[]): LlmCallRecord | undefined {
  const last = records.at(-1);
  if (last === undefined || records.length === 1) return last;
  const sum = (of: (record: LlmCallRecord) => number) => records.reduce((total, record) => total + of(record), 0);
  const costs = records.flatMap(({ cost }) => cost ?? []);
  return {
    ...last,
    usage: {
      inputTokens: sum(({ usage }) => usage.inputTokens),
      cachedInputTokens: sum(({ usage }) => usage.cachedInputTokens),
      outputTokens: sum(({ usage }) => usage.outputTokens),
      reasoningTokens: sum(({ usage }) => usage.reasoningTokens),
      estimated: records.some(({ usage }) => usage.estimated),
    },
    cost: costs.length < records.length ? undefined : Prisma.Decimal.sum(...costs).toFixed(),
    latencyMs: sum(({ latencyMs }) => latencyMs),
    timeToFirstTokenMs: records[0]!.timeToFirstTokenMs,
    retries: sum(({ retries }) => retries),
    fallbacks: sum(({ fallbacks }) => fallbacks),
  };
}

/** Returns the record of a call as it is kept with the reply. */
export const generationOf = (
  messageId: string,
  record: LlmCallRecord,
  context: FitReport | undefined,
): Prisma.GenerationUncheckedCreateInput => ({
  messageId,
  callId: record.id,
  alias: record.alias,
  provider: record.provider ?? null,
  deployment: record.deployment ?? null,
  providerModel: record.model ?? null,
  inputTokens: record.usage.inputTokens,
  cachedInputTokens: record.usage.cachedInputTokens,
  outputTokens: record.usage.outputTokens,
  reasoningTokens: record.usage.reasoningTokens,
  estimated: record.usage.estimated,
  cost: record.cost ?? null,
  priceSource: record.priceSource ?? null,
  latencyMs: Math.round(record.latencyMs),
  timeToFirstTokenMs: record.timeToFirstTokenMs === undefined ? null : Math.round(record.timeToFirstTokenMs),
  tokensPerSecond: record.tokensPerSecond ?? null,
  retries: record.retries,
  fallbacks: record.fallbacks,
  cache: record.cache,
  finishReason: record.finishReason ?? null,
  droppedMessages: messagesIn(context?.dropped).length,
  summarisedMessages: messagesIn(context?.summarised).length,
  sentFromMessageId: messagesIn(context?.kept)[0] ?? null,
});

/**
 * The messages of the conversation among what was sent: the rest (system prompt, quotations, results of tools) has no
 * id.
 */
const messagesIn = (named: readonly string[] = []): string[] => [...new Set(named)].filter((id) => !id.startsWith('#'));

/** Returns the record of a reply that no model wrote. */
export const unmodelledGeneration = (
  messageId: string,
  callId: string,
  alias: string,
  latencyMs: number,
): Prisma.GenerationUncheckedCreateInput => ({
  messageId,
  callId,
  alias,
  inputTokens: 0,
  cachedInputTokens: 0,
  outputTokens: 0,
  reasoningTokens: 0,
  estimated: false,
  cost: '0',
  latencyMs: Math.round(latencyMs),
  retries: 0,
  fallbacks: 0,
  cache: 'off',
  finishReason: 'stop',
  droppedMessages: 0,
  summarisedMessages: 0,
});

/** The columns of a generation, and their types. */
const COLUMNS = {
  messageId: ['message_id', 'uuid'],
  callId: ['call_id', 'uuid'],
  alias: ['alias', 'text'],
  provider: ['provider', 'text'],
  deployment: ['deployment', 'text'],
  providerModel: ['provider_model', 'text'],
  inputTokens: ['input_tokens', 'int'],
  cachedInputTokens: ['cached_input_tokens', 'int'],
  outputTokens: ['output_tokens', 'int'],
  reasoningTokens: ['reasoning_tokens', 'int'],
  estimated: ['estimated', 'boolean'],
  cost: ['cost', 'numeric'],
  priceSource: ['price_source', 'text'],
  latencyMs: ['latency_ms', 'int'],
  timeToFirstTokenMs: ['time_to_first_token_ms', 'int'],
  tokensPerSecond: ['tokens_per_second', 'float8'],
  retries: ['retries', 'int'],
  fallbacks: ['fallbacks', 'int'],
  cache: ['cache', 'text'],
  finishReason: ['finish_reason', 'text'],
  droppedMessages: ['dropped_messages', 'int'],
  summarisedMessages: ['summarised_messages', 'int'],
  sentFromMessageId: ['sent_from_message_id', 'uuid'],
} as const satisfies Record<keyof Prisma.GenerationUncheckedCreateInput, readonly [column: string, type: string]>;

const INTO = Object.values(COLUMNS)
  .map(([column]) => column)
  .join(', ');
const OF = Object.entries(COLUMNS)
  .map(([name, [, type]]) => `"${name}" ${type}`)
  .join(', ');
const NAMES = Object.keys(COLUMNS)
  .map((name) => `"${name}"`)
  .join(', ');

/** Returns SQL that keeps generations. @param ids an expression that gives the messages whose generations are kept. */
export const insertGenerations = (
  generations: readonly Prisma.GenerationUncheckedCreateInput[],
  ids: Prisma.Sql,
): Prisma.Sql => Prisma.sql`INSERT INTO generations (${Prisma.raw(INTO)}) SELECT ${Prisma.raw(NAMES)}
  FROM jsonb_to_recordset(${JSON.stringify(generations)}::jsonb) AS made(${Prisma.raw(OF)}) WHERE "messageId" IN ${ids}`;
