import { z } from 'zod';

/**
 * Every fact that one owner tells the others. An event is a promise to all its consumers: add optional fields freely,
 * and for anything else add a new version beside the old one.
 *
 * The key is the event's type; `aggregate` names the thing whose events keep their order.
 */
const id = z.string().min(1).max(200);
const at = z.iso.datetime();
/** Money as a decimal string, never a float: `0.00012500`. */
const decimal = z.string().regex(/^-?\d{1,20}(\.\d{1,18})?$/, 'a decimal number as a string');
const tokens = z.number().int().min(0);

/** One call of a language, embedding or image model: what analytics counts and budgets settle. */
export const usageSchema = z.object({
  /** Id of the call, made by the caller of the model. */
  id,
  userId: id,
  /** The API key it was made with, where it was one. */
  apiKeyId: id.optional(),
  conversationId: id.optional(),
  messageId: id.optional(),
  /** Calls that were put together, all alike and of about one duration; `latencyMs` is then their mean. Default 1. */
  calls: z.number().int().min(1).optional(),
  /** What it was for: `chat`, `title`, `extract-memories`, `embed`, `describe-image`, `generate-image` … */
  operation: z.string().min(1).max(100),
  provider: z.string().max(200),
  /** The name that was asked for. */
  model: z.string().max(200),
  /** The deployment that answered. */
  deployment: z.string().max(200),
  tokens: z.object({ input: tokens, cached: tokens, output: tokens, reasoning: tokens }),
  /** Images made or read. */
  images: z.number().int().min(0).optional(),
  /** Inputs of an embedding call. */
  inputs: z.number().int().min(0).optional(),
  /** The tokens were counted by us because the provider told nothing (an aborted call, for instance). */
  estimated: z.boolean(),
  /** Absent where no price was known; not zero then. */
  cost: decimal.optional(),
  /** ISO 4217. */
  currency: z.string().length(3),
  latencyMs: z.number().min(0),
  timeToFirstTokenMs: z.number().min(0).optional(),
  tokensPerSecond: z.number().min(0).optional(),
  retries: z.number().int().min(0),
  fallbacks: z.number().int().min(0),
  cacheHit: z.boolean(),
  outcome: z.enum(['ok', 'stopped', 'interrupted', 'error']),
  /** Code of the error catalogue when the outcome is `error`. */
  errorCode: z.string().max(100).optional(),
  at,
});
export type Usage = z.infer<typeof usageSchema>;

export const EVENTS = {
  'user.registered': {
    version: 1,
    payload: z.object({ userId: id, email: z.string().max(320), displayName: z.string().max(200).optional(), at }),
    aggregate: (payload: { userId: string }) => `user:${payload.userId}`,
  },
  'user.deleted': {
    version: 1,
    payload: z.object({ userId: id, at }),
    aggregate: (payload: { userId: string }) => `user:${payload.userId}`,
  },
  'conversation.deleted': {
    version: 1,
    payload: z.object({ conversationId: id, userId: id, at }),
    aggregate: (payload: { conversationId: string }) => `conversation:${payload.conversationId}`,
  },
  /** A message has its final text: one a user sent, or a reply that ended (however it ended). */
  'message.completed': {
    version: 1,
    payload: z.object({
      messageId: id,
      conversationId: id,
      userId: id,
      role: z.enum(['USER', 'ASSISTANT', 'SYSTEM', 'TOOL']),
      /** How it ended: COMPLETED, STOPPED, INTERRUPTED, FAILED. */
      status: z.string().max(40).default('COMPLETED'),
      text: z.string(),
      parentId: id.optional(),
      model: z.string().max(200).optional(),
      /** False where the conversation is not to be remembered: memory then keeps nothing of it. */
      remember: z.boolean().default(true),
      at,
    }),
    aggregate: (payload: { conversationId: string }) => `conversation:${payload.conversationId}`,
  },
  /** The content of a message was deleted for good; the conversation goes on. */
  'message.deleted': {
    version: 1,
    payload: z.object({ messageId: id, conversationId: id, at }),
    aggregate: (payload: { conversationId: string }) => `conversation:${payload.conversationId}`,
  },
  'llm.called': { version: 1, payload: usageSchema, aggregate: (payload: { id: string }) => `call:${payload.id}` },
  'embedding.called': {
    version: 1,
    payload: usageSchema,
    aggregate: (payload: { id: string }) => `call:${payload.id}`,
  },
  'image.called': { version: 1, payload: usageSchema, aggregate: (payload: { id: string }) => `call:${payload.id}` },
} as const;

export type EventType = keyof typeof EVENTS;

/** How long what a call cost may wait to be told, so that calls are told together, in ms. */
const CALL_WAITS_MS = 500;
/** The same of a reply that has ended. */
const REPLY_WAITS_MS = 500;
/** The same of what a person says: it is told with its reply, unless that takes long. */
const QUESTION_WAITS_MS = 5_000;

/**
 * Returns how long an event may wait for others, so that they are handed over together, in ms. No person waits for what
 * a message or a call brings about; all else goes out at once, and takes with it what waits.
 */
export function patienceOf(type: EventType, payload: unknown): number {
  if (type === 'llm.called' || type === 'embedding.called' || type === 'image.called') return CALL_WAITS_MS;
  if (type !== 'message.completed') return 0;
  return (payload as { role: string }).role === 'USER' ? QUESTION_WAITS_MS : REPLY_WAITS_MS;
}

/** The event as a producer gives it. */
export type EventInput<T extends EventType> = z.input<(typeof EVENTS)[T]['payload']>;
/** The payload that a consumer gets. */
export type EventPayload<T extends EventType> = z.output<(typeof EVENTS)[T]['payload']>;

/** A fact, as consumers see it. */
export interface PlatformEvent<T extends EventType = EventType> {
  /** UUIDv7; the key of idempotence. */
  readonly id: string;
  readonly type: T;
  readonly version: number;
  /** The owner that recorded it, e.g. `chat`. */
  readonly owner: string;
  /** Events of one aggregate arrive in the order in which they were recorded. */
  readonly aggregate: string;
  readonly payload: EventPayload<T>;
  readonly recordedAt: Date;
}

/**
 * Decodes an event from its JSON; undefined when it is none. The payload is checked by the consumer that knows the
 * type.
 */
export function decodeEvent(text: string): PlatformEvent | undefined {
  try {
    const { id, type, version, owner, aggregate, payload, recordedAt: at } = JSON.parse(text) as PlatformEvent;
    const recordedAt = new Date(at);
    const isEvent =
      [id, type, owner, aggregate].every((one) => typeof one === 'string') &&
      typeof version === 'number' &&
      !Number.isNaN(recordedAt.getTime());
    return isEvent ? { id, type, version, owner, aggregate, payload, recordedAt } : undefined;
  } catch {
    return undefined;
  }
}
