import { Histogram, type Registry } from 'prom-client';
import { once } from '../../base/metrics/once.ts';

/** Buckets of the GenAI semantic conventions (v1.41). */
export const SECONDS = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];
const TOKENS = [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

/** What every metric of model calls is told apart by. Never a user. */
export const CALL_LABELS = ['gen_ai_operation_name', 'gen_ai_provider_name', 'gen_ai_request_model'] as const;
type CallLabel = (typeof CALL_LABELS)[number];

/** Seconds that calls of models take; language models and embeddings count into the same one of a registry. */
export const modelCallDuration = (registry: Registry): Histogram<CallLabel | 'outcome' | 'error_type'> =>
  once(registry, createCallDuration);

const createCallDuration = (registry: Registry) =>
  new Histogram({
    name: 'gen_ai_client_operation_duration_seconds',
    help: 'Duration of model calls.',
    labelNames: [...CALL_LABELS, 'outcome', 'error_type'],
    buckets: SECONDS,
    registers: [registry],
  });

/** Returns the histogram of tokens that calls of models used. */
export const modelCallTokens = (registry: Registry): Histogram<CallLabel | 'gen_ai_token_type'> =>
  once(registry, createCallTokens);

const createCallTokens = (registry: Registry) =>
  new Histogram({
    name: 'gen_ai_client_token_usage',
    help: 'Tokens of a call.',
    labelNames: [...CALL_LABELS, 'gen_ai_token_type'],
    buckets: TOKENS,
    registers: [registry],
  });
