import type { Deployment } from '../catalogue/catalogue.ts';
import type { ProviderFailure } from './failure.ts';

/**
 * Parameters that a reply can do without: they shape its wording. `stop` is kept to here, `tool_choice` only hurries a
 * model that calls tools for ever.
 */
const DROPPABLE = [
  'temperature',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'seed',
  'stop',
  'reasoning_effort',
  'tool_choice',
] as const;
export type DroppableParameter = (typeof DROPPABLE)[number];

export type OutputFormat = 'json_schema' | 'json_object';

/**
 * The ways in which a deployment says that a reply has ended: `once`, though its connection stays open; `often`, with
 * pieces that others follow.
 */
export type Finishes = 'once' | 'often';

/** The ways of a server that it turned out to have, mostly parameters that it does not understand. */
export interface Quirks {
  /** Its template opens the thoughts of its model: a reply holds no more than their end. */
  readonly opensThoughts?: boolean;
  readonly finishes?: Finishes;
  readonly noStreamUsage?: boolean;
  /** It wants the other one of `max_tokens` and `max_completion_tokens`. */
  readonly otherMaxTokens?: boolean;
  /** Most tokens of a reply, as it told when it refused more. */
  readonly maxOutput?: number;
  /** Parameters that the model does not have; reasoning models have few. */
  readonly without?: readonly DroppableParameter[];
  /** Forms of `response_format` that it does not know. */
  readonly noFormats?: readonly OutputFormat[];
  /** Its template knows no system messages: they go before the person's first one. */
  readonly noSystem?: boolean;
  /** It does not take reasoning back. */
  readonly noReasoning?: boolean;
  /** It takes no assistant's message without `reasoning_content`, though it may be empty (DeepSeek). */
  readonly needsReasoning?: boolean;
  /** It takes no call without a signature (Gemini); Google names a word that stands for those of other models. */
  readonly needsSignature?: boolean;
  /** It thinks for as many tokens as it is given, and does not choose by itself (Anthropic's older models). */
  readonly thinksByBudget?: boolean;
  /** It does not sum up what it thinks, for this account (OpenAI's Responses API). */
  readonly noSummary?: boolean;
  /** It takes ids of calls that have nine letters and digits, and no others (Mistral). */
  readonly shortIds?: boolean;
  /** It does not know the `strict` of tools. */
  readonly noStrict?: boolean;
  /** It takes no sources to cite (Anthropic's older models, and servers that speak its protocol). */
  readonly noCitations?: boolean;
  /** The window that it told when it refused a conversation, or less than what it refused, in tokens. */
  readonly window?: number;
}

/** The request that was refused. */
export interface Sent {
  readonly body: Readonly<Record<string, unknown>>;
  /** As counted here. */
  readonly inputTokens: number;
}

/**
 * The quirks of all deployments, learnt from refusals, so that "OpenAI-compatible" needs no list of who is how
 * compatible.
 */
export class QuirkBook {
  readonly #known = new Map<string, Quirks>();
  /** How often in a row a deployment has shown a way. */
  readonly #seen = new Map<string, number>();

  of(deployment: Deployment): Quirks {
    return this.#known.get(deployment.id) ?? {};
  }

  /** Notes how a reply has ended. A server that goes on after an end is never left at once. */
  noteFinishes(deployment: Deployment, finishes: Finishes): void {
    const known = this.of(deployment);
    if (known.finishes === 'often') return;
    if (finishes === 'often' || this.#isSettled(`${deployment.id} finishes`, true))
      this.#known.set(deployment.id, { ...known, finishes });
  }

  /** Notes whether a reply has shown that the template opens the thoughts. */
  noteThoughts(deployment: Deployment, shown: boolean): void {
    const opensThoughts = this.#isSettled(`${deployment.id} thoughts`, shown);
    this.#known.set(deployment.id, { ...this.of(deployment), opensThoughts });
  }

  /** Whether a way has been seen twice in a row: one reply may be odd. */
  #isSettled(way: string, isSeen: boolean): boolean {
    const times = isSeen ? (this.#seen.get(way) ?? 0) + 1 : 0;
    this.#seen.set(way, times);
    return times >= 2;
  }

  /** Whether the failure told something new, so that asking once more makes sense. */
  learn(deployment: Deployment, failure: ProviderFailure, sent: Sent): boolean {
    const known = this.of(deployment);
    const learnt = lesson(known, failure, sent);
    if (learnt) this.#known.set(deployment.id, { ...known, ...learnt });
    return learnt !== undefined;
  }
}

const UNSUPPORTED =
  /unsupported|unknown|unrecogni[sz]ed|not support|unavailable|extra|not (permitted|allowed|available)|unexpected|invalid|deprecated|does not (have|accept|take)|only .{0,40}(allowed|supported)/i;
/** A value out of range is the caller's to correct. */
const RANGE = /range|less than|greater than|between|at least|at most|too (large|small|high|low)|maximum|minimum|[<>]=/i;

function lesson(known: Quirks, failure: ProviderFailure, sent: Sent): Quirks | undefined {
  const { kind, message } = failure;
  if (kind === 'context_window') return windowLesson(known, failure, sent);
  if (kind === 'template' && /system role.{0,20}not supported|only user/i.test(message))
    return known.noSystem ? undefined : { noSystem: true };
  if (kind !== 'refused') return undefined;
  if (!known.noStreamUsage && /stream_options|include_usage/.test(message)) return { noStreamUsage: true };
  if (!known.shortIds && /tool.?call.{0,200}length of 9/i.test(message)) return { shortIds: true };
  return (
    citationsLesson(known, message, sent) ??
    reasoningLesson(known, message) ??
    formatLesson(known, message, sent) ??
    strictLesson(known, message, sent) ??
    tokensLesson(known, message) ??
    parameterLesson(known, failure, sent)
  );
}

/** A source that is refused for another reason, such as a title that is too long, teaches nothing. */
function citationsLesson(known: Quirks, message: string, { body }: Sent): Quirks | undefined {
  if (known.noCitations || !/search_result|citations/.test(message) || RANGE.test(message)) return undefined;
  if (!UNSUPPORTED.test(message) && !/does not match any of the expected tags/.test(message)) return undefined;
  return JSON.stringify(body.messages ?? '').includes('"type":"search_result"') ? { noCitations: true } : undefined;
}

/**
 * A window that was told; else, and where the provider counts more tokens than are counted here, a fifth less than what
 * it refused, down to a third of what it told.
 */
function windowLesson(known: Quirks, { windowTokens }: ProviderFailure, { inputTokens }: Sent): Quirks | undefined {
  if (windowTokens !== undefined && (known.window === undefined || windowTokens < known.window))
    return { window: windowTokens };
  const refused = Math.min(inputTokens, known.window ?? Infinity);
  const window = Math.floor(refused * 0.8);
  if (window < MIN_WINDOW || (windowTokens !== undefined && window < windowTokens / 3)) return undefined;
  return { window };
}

/** What is refused though it is shorter than this is refused for another reason, in tokens. */
const MIN_WINDOW = 400;

function reasoningLesson(known: Quirks, message: string): Quirks | undefined {
  if (/adaptive/.test(message) && /thinking/.test(message))
    return known.thinksByBudget ? undefined : { thinksByBudget: true };
  if (/summar/.test(message) && /verified|reasoning\.summary/.test(message))
    return known.noSummary ? undefined : { noSummary: true };
  if (/encrypted.content/i.test(message) && UNSUPPORTED.test(message))
    return known.noReasoning ? undefined : { noReasoning: true };
  if (/thought_signature/.test(message)) return known.needsSignature ? undefined : { needsSignature: true };
  if (!/reasoning(_content|_details)?\b/.test(message) || /reasoning_effort/.test(message)) return undefined;
  if (/missing|required|must be (passed|provided)/i.test(message))
    return known.needsReasoning ? undefined : { needsReasoning: true };
  return !known.noReasoning && UNSUPPORTED.test(message) ? { noReasoning: true } : undefined;
}

function formatLesson(known: Quirks, message: string, { body }: Sent): Quirks | undefined {
  const asked = formatIn(body);
  if (
    !asked ||
    !/response.?format|json.?(object|schema|mode)|structured.?output|output_(config|format)|guided|grammar/i.test(
      message,
    )
  )
    return undefined;
  return known.noFormats?.includes(asked) ? undefined : { noFormats: [...(known.noFormats ?? []), asked] };
}

/** A schema that cannot be held to exactly is the caller's to correct. */
function strictLesson(known: Quirks, message: string, { body }: Sent): Quirks | undefined {
  if (known.noStrict || !/\bstrict\b/.test(message) || /schema/i.test(message)) return undefined;
  if (!/unknown|unrecogni[sz]ed|unsupported|not support|extra|not permitted|unexpected/i.test(message))
    return undefined;
  return JSON.stringify(body.tools ?? '').includes('"strict":') ? { noStrict: true } : undefined;
}

/** Where each protocol says it. */
function formatIn(body: Sent['body']): OutputFormat | undefined {
  const {
    response_format: chat,
    output_config: anthropic,
    text: responses,
  } = body as {
    response_format?: { type?: OutputFormat };
    output_config?: { format?: { type?: OutputFormat } };
    text?: { format?: { type?: OutputFormat } };
  };
  return (chat ?? anthropic?.format ?? responses?.format)?.type;
}

function tokensLesson(known: Quirks, message: string): Quirks | undefined {
  if (!/max_(completion_)?tokens/.test(message)) return undefined;
  const most =
    /(?:at most|less than or equal to|<=|\[\d+, ?|> ?)\D{0,3}(\d{2,9})/i.exec(message)?.[1] ??
    /maximum[^0-9]{0,40}(\d{2,9})/i.exec(message)?.[1];
  if (most !== undefined) return known.maxOutput === undefined ? { maxOutput: Number(most) } : undefined;
  return UNSUPPORTED.test(message) && !known.otherMaxTokens ? { otherMaxTokens: true } : undefined;
}

function parameterLesson(known: Quirks, { message, param, hint }: ProviderFailure, { body }: Sent): Quirks | undefined {
  const words = `${message} ${hint}`;
  if (!UNSUPPORTED.test(words) || RANGE.test(message)) return undefined;
  const lacking = DROPPABLE.find(
    (name) => name in body && (param === undefined ? new RegExp(`\\b${name}\\b`).test(message) : param === name),
  );
  if (!lacking || known.without?.includes(lacking)) return undefined;
  return { without: [...(known.without ?? []), lacking] };
}
