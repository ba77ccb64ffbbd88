import type { OpenAI } from 'openai';
import { type FailureKind, ProviderFailure } from './failure.ts';

/**
 * Retry-After beyond this is not believed (the bound that the AI SDK uses, vercel/ai retry-with-exponential-backoff).
 */
const MAX_RETRY_AFTER_MS = 60_000;

type Errors = Pick<typeof OpenAI, 'APIError' | 'APIConnectionError' | 'APIConnectionTimeoutError'>;

/** Makes one kind of failure of whatever the openai package threw. */
export function classify(error: unknown, errors: Errors): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  if (error instanceof errors.APIConnectionTimeoutError)
    return new ProviderFailure('stalled', error.message, { cause: error });
  if (error instanceof errors.APIConnectionError)
    return new ProviderFailure('unreachable', reason(error), { cause: error });
  if (error instanceof errors.APIError) return fromStatus(error);
  if (error instanceof SyntaxError) return new ProviderFailure('malformed', error.message, { cause: error });
  // undici's `terminated` and socket errors while the body is read.
  return new ProviderFailure('cut', reason(error), { cause: error });
}

function fromStatus(error: InstanceType<Errors['APIError']>): ProviderFailure {
  const status: number | undefined = error.status;
  const code = typeof error.code === 'string' ? error.code : undefined;
  const words = `${code ?? ''} ${error.type ?? ''} ${error.message}`;
  const kind = kindOf(status, words, isHtml(error));
  return new ProviderFailure(kind, error.message.slice(0, 500), {
    status,
    retryAfterMs: retryAfter(error.headers),
    hint: hintOf(error.param, code),
    param: error.param ?? undefined,
    windowTokens: kind === 'context_window' ? windowIn(error.message) : undefined,
    cause: error,
  });
}

function kindOf(status: number | undefined, words: string, html: boolean): FailureKind {
  if (/context_length|context.window|maximum context|context size|too many tokens|prompt is too long/i.test(words))
    return 'context_window';
  if (/content_filter|content_policy|content management policy|moderation_blocked|safety system/i.test(words))
    return 'content_policy';
  if (status === 429 || /rate_limit|insufficient_quota/i.test(words)) return 'rate_limited';
  if (status === undefined || status >= 500 || status === 408 || status === 409) return 'server_error';
  if (status === 401 || status === 403) return 'credentials';
  // A web server that knows no such page is not an API that knows no such model, and an API does not redirect.
  if (html || status < 400) return 'malformed';
  if (status === 404) return 'model_unknown';
  return 'refused';
}

const isHtml = (error: { headers: Headers | undefined }): boolean =>
  (error.headers?.get('content-type') ?? '').includes('html');

/** Returns how long a provider asks to wait: `retry-after-ms`, else `retry-after` in seconds or as a date. */
export function retryAfter(headers: Headers | undefined, now = Date.now()): number | undefined {
  const inMs = Number.parseFloat(headers?.get('retry-after-ms') ?? '');
  const text = headers?.get('retry-after') ?? '';
  const seconds = Number(text);
  const wait = !Number.isNaN(inMs)
    ? inMs
    : text === ''
      ? Number.NaN
      : Number.isNaN(seconds)
        ? Date.parse(text) - now
        : seconds * 1000;
  return wait >= 0 && wait <= MAX_RETRY_AFTER_MS ? Math.ceil(wait) : undefined;
}

/** Identifiers only: free text of a provider may hold anything. */
function hintOf(param: string | null | undefined, code: string | undefined): string | undefined {
  const parts = [param, code].filter(
    (part): part is string => typeof part === 'string' && /^[\w.[\]-]{1,64}$/.test(part),
  );
  return parts.length > 0 ? parts.join(': ') : undefined;
}

const windowIn = (message: string): number | undefined => {
  const found = /(?:maximum context length|context (?:length|size|window))[^0-9]{0,24}([0-9]{3,8})/i.exec(message)?.[1];
  return found === undefined ? undefined : Number(found);
};

const reason = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
};
