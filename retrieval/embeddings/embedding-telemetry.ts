import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Registry } from 'prom-client';
import { modelCallDuration, modelCallTokens } from '#platform/net/tracing/gen-ai-metrics.ts';
import type { EmbeddingCall } from './waiting-calls.ts';

/**
 * A metric's value and a span for each call of an embedding model, by the GenAI conventions. No label is ever a user.
 */
export class EmbeddingTelemetry {
  readonly #duration: ReturnType<typeof modelCallDuration>;
  readonly #tokens: ReturnType<typeof modelCallTokens>;

  constructor(registry: Registry) {
    this.#duration = modelCallDuration(registry);
    this.#tokens = modelCallTokens(registry);
  }

  /** After the call: whether a model was asked at all, or a cache answered, is known then only. */
  called(call: Omit<EmbeddingCall, 'userId'>): void {
    const { provider, model, operation, errorCode, outcome } = call;
    const tokens = call.tokens.input;
    const labels = {
      gen_ai_operation_name: 'embeddings',
      gen_ai_provider_name: provider,
      gen_ai_request_model: model,
    };
    // The names of llm/records/record.ts, which counts into the same metric.
    const ended = outcome === 'error' ? 'failed' : outcome;
    this.#duration.observe({ ...labels, outcome: ended, error_type: errorCode ?? '' }, call.latencyMs / 1000);
    if (tokens > 0) this.#tokens.observe({ ...labels, gen_ai_token_type: 'input' }, tokens);
    const span = trace.getTracer('sextant').startSpan(`embeddings ${model}`, {
      kind: SpanKind.CLIENT,
      startTime: new Date(call.at),
      attributes: {
        'gen_ai.operation.name': 'embeddings',
        'gen_ai.provider.name': provider,
        'gen_ai.request.model': model,
        'gen_ai.usage.input_tokens': tokens,
        'sextant.purpose': operation,
        ...(errorCode !== undefined && { 'error.type': errorCode }),
      },
    });
    if (errorCode !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }
}
