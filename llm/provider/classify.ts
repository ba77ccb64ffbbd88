import type { OpenAI } from 'openai';
import { type FailureKind, ProviderFailure } from './failure.ts';
import { kindOfRefusal, windowIn } from './refusal-words.ts';
import { retryAfter, waitIn } from './retry-after.ts';

type Errors = Pick<typeof OpenAI, 'APIError' | 'APIConnectionError' | 'APIConnectionTimeoutError'>;

/** The words of a provider that refused or failed. */
export interface Told {
  /** Absent in the middle of a stream, where a code may tell it. */
  readonly status?: number | undefined;
  readonly code?: unknown;
  readonly type?: string | null | undefined;
  readonly param?: string | null | undefined;
  readonly message: string;
  readonly headers?: Headers | undefined;
  readonly cause?: unknown;
  /** Whether an error object of an API said it, as it does in a stream; else a text or a page. */
  readonly isObject?: boolean;
}

/** Makes one kind of failure of whatever the openai package threw. */
export function classify(error: unknown, errors: Errors): ProviderFailure {
  if (error instanceof errors.APIConnectionTimeoutError)
    return new ProviderFailure('stalled', error.message, { cause: error });
  if (error instanceof errors.APIConnectionError)
    return new ProviderFailure('unreachable', reason(error), { cause: error });
  if (error instanceof errors.APIError) return failureOf({ ...factsOf(error), cause: error });
  return brokenAnswer(error);
}

const factsOf = ({ status, code, type, param, message, headers, error }: InstanceType<Errors['APIError']>): Told => ({
  status: status as number | undefined,
  code,
  type,
  param,
  message,
  headers: headers as Headers | undefined,
  isObject: typeof error === 'object' && error !== null,
});

/** Makes a failure of what went wrong while an answer was read. */
export function brokenAnswer(error: unknown): ProviderFailure {
  if (error instanceof ProviderFailure) return error;
  if (error instanceof SyntaxError) return new ProviderFailure('malformed', error.message, { cause: error });
  // undici's `terminated` and socket errors while the body is read.
  return new ProviderFailure('cut', reason(error), { cause: error });
}

/** Makes a failure of what a provider told. */
export function failureOf(told: Told): ProviderFailure {
  const { status: given, code: named, type, param, message, headers, cause, isObject = true } = told;
  const status = given ?? statusIn(named);
  const code = typeof named === 'string' ? named : undefined;
  const words = `${code ?? ''} ${type ?? ''} ${message}`;
  const html = isHtml(headers);
  const kind = status === 404 && !html ? unknownOf(words, message, isObject) : kindOf(status, words, html);
  return new ProviderFailure(kind, message.slice(0, 500), {
    status,
    retryAfterMs: retryAfter(headers) ?? (kind === 'rate_limited' ? waitIn(message) : undefined),
    hint: kind === 'refused' && /support(s|ing)? tool/i.test(message) ? 'tools' : hintOf(param, code),
    param: param ?? undefined,
    windowTokens: kind === 'context_window' ? windowIn(message) : undefined,
    cause,
  });
}

/** An error in the middle of a stream has its status as its code. */
const statusIn = (code: unknown): number | undefined => {
  const number = Number(code);
  return Number.isInteger(number) && number >= 400 && number <= 599 ? number : undefined;
};

/** Too late, in conflict, too early, no room in a tier (Groq), given up on the way: another time it may go. */
const PASSING = new Set([408, 409, 425, 498, 499]);

function kindOf(status: number | undefined, words: string, html: boolean): FailureKind {
  const told = html ? undefined : kindOfRefusal(words);
  if (told !== undefined) return told;
  // What the model wrote was of no use; it may write better (Groq).
  if (/tool_use_failed|json_validate_failed/.test(words)) return 'server_error';
  if (status === 402) return 'unpaid';
  if (status === 413) return 'context_window';
  if (status === 429 || /rate_limit/i.test(words)) return 'rate_limited';
  if (status === undefined || status >= 500 || PASSING.has(status)) return 'server_error';
  if (status === 401 || status === 403) return 'credentials';
  // A web server that knows no such page is not an API that knows no such model, and an API does not redirect.
  if (html || status < 400 || status === 405) return 'malformed';
  return 'refused';
}

/**
 * An API that answers 404 does not know the model, in whatever words (OpenRouter speaks of endpoints); a server that
 * knows no such path answers with a text, or with an object that says no more than that.
 */
function unknownOf(words: string, message: string, isObject: boolean): FailureKind {
  const told = kindOfRefusal(words);
  if (told !== undefined || /model|deployment|engine/i.test(words)) return told ?? 'model_unknown';
  return isObject && !NO_PATH.test(message) ? 'model_unknown' : 'malformed';
}

/** FastAPI and Anthropic, OpenAI, Express, LM Studio. */
const NO_PATH =
  /^(404 )?not found\.?$|invalid url|cannot (post|get)|(unknown|unexpected|no such) (path|route|url|endpoint)/i;

const isHtml = (headers: Headers | undefined): boolean => (headers?.get('content-type') ?? '').includes('html');

/** Identifiers only: free text of a provider may hold anything. */
function hintOf(param: string | null | undefined, code: string | undefined): string | undefined {
  const parts = [param, code].filter(
    (part): part is string => typeof part === 'string' && /^[\w.[\]-]{1,64}$/.test(part),
  );
  return parts.length > 0 ? parts.join(': ') : undefined;
}

const reason = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? `: ${error.cause.message}` : '';
  return `${error.message}${cause}`;
};
