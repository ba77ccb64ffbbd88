import { CodedError } from '#platform/base/errors/errors.ts';

/**
 * The kind of what went wrong at a provider.
 *
 * - `rate_limited` 429, or a quota; `unreachable` no connection; `server_error` 5xx, 408, 409 or an error inside the
 *   stream
 * - `stalled` nothing came for too long; `cut` the stream ended without saying why; `malformed` not the protocol (a web
 *   page, broken JSON, 404 of a server that knows no such path)
 * - `empty` a reply without a word; `unpaid` 402, or no credit; `template` what the model's template on its server
 *   cannot take
 * - `credentials` 401 or 403; `model_unknown` 404 of an API; `context_window` and `content_policy` as named; `refused`
 *   any other 4xx
 */
export type FailureKind =
  | 'rate_limited'
  | 'unreachable'
  | 'server_error'
  | 'stalled'
  | 'cut'
  | 'malformed'
  | 'empty'
  | 'unpaid'
  | 'template'
  | 'credentials'
  | 'model_unknown'
  | 'context_window'
  | 'content_policy'
  | 'refused';

/** What does not pass by itself: the installation must be changed. */
const LASTING = new Set<FailureKind>(['credentials', 'model_unknown', 'unpaid', 'template']);

/** A failed attempt. Its message is for the log: it may repeat what the provider wrote. */
export class ProviderFailure extends Error {
  override name = 'ProviderFailure';
  readonly kind: FailureKind;
  readonly status: number | undefined;
  /** What the provider asked to wait, up to a day; anything else is not believed. */
  readonly retryAfterMs: number | undefined;
  /** Short names that a provider gave, safe to show: parameter and code. */
  readonly hint: string | undefined;
  /** The parameter that a refusal names. */
  readonly param: string | undefined;
  /** The window, where a provider's refusal told it, in tokens. */
  readonly windowTokens: number | undefined;

  constructor(
    kind: FailureKind,
    message: string,
    more: {
      status?: number | undefined;
      retryAfterMs?: number | undefined;
      hint?: string | undefined;
      param?: string | undefined;
      windowTokens?: number | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, { cause: more.cause });
    this.kind = kind;
    this.status = more.status;
    this.retryAfterMs = more.retryAfterMs;
    this.hint = more.hint;
    this.param = more.param;
    this.windowTokens = more.windowTokens;
  }

  /** Whether asking again, there or elsewhere, may help. */
  get retryable(): boolean {
    return this.kind !== 'refused' && this.kind !== 'context_window' && this.kind !== 'content_policy';
  }

  /** Whether asking the very same deployment again may help. */
  get passing(): boolean {
    return this.retryable && !LASTING.has(this.kind);
  }
}

/** The phase of a call when it failed: whether the caller had got a part of the reply when it failed. */
export type FailurePhase = 'before_first_token' | 'after_first_token';

/** Returns the one error that a caller sees; names the alias and what to do, and nothing that the provider wrote. */
export function codedFailure(failure: ProviderFailure, alias: string, phase: FailurePhase): CodedError {
  const extensions = { phase, model: alias };
  if (phase === 'after_first_token') {
    return new CodedError(
      'PROVIDER_UNAVAILABLE',
      `The reply of ${alias} broke off: ${AFTER[failure.kind] ?? 'its provider failed'}.`,
      extensions,
    );
  }
  switch (failure.kind) {
    case 'rate_limited': {
      const retryAfter = Math.max(1, Math.ceil((failure.retryAfterMs ?? 5_000) / 1000));
      return new CodedError('RATE_LIMITED', `The provider of ${alias} limits requests. Try again in ${retryAfter} s.`, {
        ...extensions,
        retryAfter,
      });
    }
    case 'context_window':
      return new CodedError(
        'CONTEXT_TOO_LARGE',
        `The conversation is too long for ${alias}. Shorten it, or choose a model with a larger window.`,
        extensions,
      );
    case 'content_policy':
      return new CodedError(
        'CONTENT_FILTERED',
        `The content policy of the provider of ${alias} refused this.`,
        extensions,
      );
    case 'model_unknown':
      return new CodedError(
        'MODEL_NOT_FOUND',
        `The provider of ${alias} does not know this model. An administrator can correct its name in the configuration.`,
        extensions,
      );
    case 'refused':
      return new CodedError(
        'BAD_USER_INPUT',
        `The provider of ${alias} refused the request${failure.hint ? ` (${failure.hint})` : ''}.`,
        extensions,
      );
    case 'credentials':
      return new CodedError(
        'PROVIDER_UNAVAILABLE',
        `The provider of ${alias} refused the credentials of this installation. An administrator must renew its key.`,
        extensions,
      );
    case 'unpaid':
      return new CodedError(
        'PROVIDER_UNAVAILABLE',
        `The account of this installation at the provider of ${alias} has no credit left. An administrator must renew it.`,
        extensions,
      );
    case 'template':
      return new CodedError(
        'PROVIDER_UNAVAILABLE',
        `The server of ${alias} cannot put this conversation to its model: the chat template refuses it. An administrator finds its words in llmHealth.`,
        extensions,
      );
    case 'empty':
      return new CodedError('PROVIDER_UNAVAILABLE', `The model ${alias} answered with nothing. Try again.`, extensions);
    case 'malformed':
      return new CodedError(
        'PROVIDER_UNAVAILABLE',
        `What answered for ${alias} does not speak the OpenAI protocol. An administrator should check its base URL, which mostly ends in /v1.`,
        extensions,
      );
    case 'stalled':
      return new CodedError(
        'PROVIDER_UNAVAILABLE',
        `The provider of ${alias} did not answer in time. Try again.`,
        extensions,
      );
    default:
      return new CodedError(
        'PROVIDER_UNAVAILABLE',
        `The provider of ${alias} cannot be reached or failed. Try again.`,
        extensions,
      );
  }
}

const AFTER: Partial<Record<FailureKind, string>> = {
  stalled: 'nothing came any more',
  cut: 'the connection ended in the middle',
  unreachable: 'the connection was lost',
  malformed: 'the provider sent something unreadable',
  empty: 'the model answered with nothing',
};
