import { type Attributes, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import { once } from '#platform/base/metrics/once.ts';
import {
  CALL_LABELS as call,
  modelCallDuration,
  modelCallTokens,
  SECONDS,
} from '#platform/net/tracing/gen-ai-metrics.ts';
import type { LlmCallRecord } from './record.ts';

const OPERATIONS = { chat: 'chat', embeddings: 'embeddings', image: 'generate_content' } as const;

/**
 * The metrics and spans of model calls, named by the GenAI conventions in Prometheus' spelling. No label is ever a
 * user.
 */
export class Telemetry {
  readonly #metrics: ReturnType<typeof createCallMetrics>;

  constructor(registry: Registry) {
    this.#metrics = once(registry, createCallMetrics);
  }

  begin(operation: LlmCallRecord['operation'], alias: string): Span {
    this.#metrics.active.inc({ gen_ai_operation_name: OPERATIONS[operation] });
    return trace.getTracer('sextant-llm').startSpan(`${OPERATIONS[operation]} ${alias}`, { kind: SpanKind.CLIENT });
  }

  end(record: LlmCallRecord, span: Span): void {
    const operation = OPERATIONS[record.operation];
    const labels = {
      gen_ai_operation_name: operation,
      gen_ai_provider_name: record.provider ?? 'none',
      gen_ai_request_model: record.alias,
    };
    this.#metrics.active.dec({ gen_ai_operation_name: operation });
    this.#metrics.duration.observe(
      { ...labels, outcome: record.outcome, error_type: record.errorCode ?? '' },
      record.latencyMs / 1000,
    );
    if (record.timeToFirstTokenMs !== undefined)
      this.#metrics.firstChunk.observe(labels, record.timeToFirstTokenMs / 1000);
    if (record.tokensPerSecond !== undefined && record.tokensPerSecond > 0)
      this.#metrics.perToken.observe(labels, 1 / record.tokensPerSecond);
    // A reply from the cache used no tokens.
    if (record.cache === 'off' || record.cache === 'miss') {
      if (record.usage.inputTokens > 0)
        this.#metrics.tokens.observe({ ...labels, gen_ai_token_type: 'input' }, record.usage.inputTokens);
      if (record.usage.outputTokens > 0)
        this.#metrics.tokens.observe({ ...labels, gen_ai_token_type: 'output' }, record.usage.outputTokens);
    }
    if (record.cost !== undefined) this.#metrics.cost.inc(labels, Number(record.cost));
    if (record.retries > 0) this.#metrics.retries.inc({ gen_ai_request_model: record.alias }, record.retries);
    if (record.fallbacks > 0) this.#metrics.fallbacks.inc({ gen_ai_request_model: record.alias }, record.fallbacks);
    this.#metrics.cache.inc({ gen_ai_request_model: record.alias, result: record.cache });
    if (span.isRecording()) span.setAttributes(spanAttributes(record));
    if (record.errorCode !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
}

function createCallMetrics(registry: Registry) {
  const registers = [registry];
  return {
    duration: modelCallDuration(registry),
    firstChunk: new Histogram({
      name: 'gen_ai_client_operation_time_to_first_chunk_seconds',
      help: 'Time to the first content of a reply.',
      labelNames: call,
      buckets: SECONDS,
      registers,
    }),
    perToken: new Histogram({
      name: 'gen_ai_client_operation_time_per_output_chunk_seconds',
      help: 'Time per output token after the first.',
      labelNames: call,
      buckets: SECONDS,
      registers,
    }),
    tokens: modelCallTokens(registry),
    cost: new Counter({
      name: 'sextant_llm_cost_dollars_total',
      help: 'Cost of model calls in US dollars, as far as prices are known.',
      labelNames: call,
      registers,
    }),
    retries: new Counter({
      name: 'sextant_llm_retries_total',
      help: 'Attempts beyond the first.',
      labelNames: ['gen_ai_request_model'],
      registers,
    }),
    fallbacks: new Counter({
      name: 'sextant_llm_fallbacks_total',
      help: 'Calls that were moved to another alias.',
      labelNames: ['gen_ai_request_model'],
      registers,
    }),
    cache: new Counter({
      name: 'sextant_llm_cache_total',
      help: 'Calls by what the reply cache did.',
      labelNames: ['gen_ai_request_model', 'result'],
      registers,
    }),
    active: new Gauge({
      name: 'sextant_llm_calls_active',
      help: 'Model calls under way.',
      labelNames: ['gen_ai_operation_name'],
      registers,
    }),
  };
}

function spanAttributes(record: LlmCallRecord): Attributes {
  const { usage } = record;
  return {
    'gen_ai.operation.name': OPERATIONS[record.operation],
    'gen_ai.provider.name': record.provider,
    'gen_ai.request.model': record.alias,
    'gen_ai.request.stream': record.operation === 'chat',
    'gen_ai.response.model': record.model,
    'gen_ai.response.finish_reasons': record.finishReason === undefined ? undefined : [record.finishReason],
    'gen_ai.response.time_to_first_chunk':
      record.timeToFirstTokenMs === undefined ? undefined : record.timeToFirstTokenMs / 1000,
    'gen_ai.conversation.id': record.conversationId,
    'gen_ai.usage.input_tokens': usage.inputTokens,
    'gen_ai.usage.output_tokens': usage.outputTokens,
    'gen_ai.usage.cache_read.input_tokens': usage.cachedInputTokens,
    'gen_ai.usage.reasoning.output_tokens': usage.reasoningTokens,
    'error.type': record.errorCode,
  };
}
