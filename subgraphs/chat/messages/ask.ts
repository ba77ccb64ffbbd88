import { v7 as uuidv7 } from 'uuid';
import type { CodedError } from '#platform/base/errors/errors.ts';
import { digestOf } from '#platform/base/secrets/tokens.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Prisma } from '#prisma/chat/client/client.ts';
import type { ConversationView } from '../access.ts';
import { asJson, type Parameters } from '../parameters.ts';
import type { Transaction } from '../parts.ts';
import type { Requester } from '../replies/requester.ts';
import { type Offer, offerAsJson } from '../tools/offer.ts';
import type { Parent } from '../tree.ts';

/** The content of a call that asks for a reply, checked. */
export interface Ask {
  readonly conversationId: string;
  readonly clientMessageId: string;
  /** Tells a repetition of the call from another call under the same id. */
  readonly hash: string;
  /** What such another call is told. */
  readonly conflict?: CodedError;
  readonly model: string | null;
  readonly parameters: Parameters;
  readonly offer: Offer;
  /** The argument by which the call itself, not one before it, asks for memory. */
  readonly asksForMemory: 'input.useMemory' | 'input.serverTools' | undefined;
  /** Absent when only a reply is asked for. */
  readonly message?: { readonly text: string; readonly attachments: readonly string[] };
  readonly reply: boolean;
  /** Id of the reply that this one goes on from: the first that follows it is a repetition's, whatever its id. */
  readonly continues?: string;
  /** That a person's message follows the active leaf: whatever that is, or the message of this id. */
  readonly atLeaf?: { readonly id: string | undefined } | undefined;
  /** Finds what to follow, in the locked conversation. */
  parent(tx: Transaction, conversation: ConversationView): Promise<Parent | null>;
}

/** Returns the row of a person's message. */
export const personsMessage = (
  conversationId: string,
  user: UserIdentity,
  ask: Ask,
  parent: Parent | null,
  content: NonNullable<Ask['message']>,
) =>
  ({
    id: uuidv7(),
    conversationId,
    parentId: parent?.id ?? null,
    depth: parent ? parent.depth + 1 : 0,
    role: 'USER',
    status: 'COMPLETE',
    authorId: user.userId,
    clientMessageId: ask.clientMessageId,
    requestHash: ask.hash,
    text: content.text,
    attachments: [...content.attachments],
    completedAt: new Date(),
  }) satisfies Prisma.MessageCreateManyInput;

/** Returns the row of a reply that is to be written. */
export const pendingReply = (
  conversationId: string,
  ask: Ask,
  parent: Pick<Parent, 'id' | 'depth'>,
  requester: Requester,
) =>
  ({
    id: uuidv7(),
    conversationId,
    parentId: parent.id,
    depth: parent.depth + 1,
    role: 'ASSISTANT',
    status: 'PENDING',
    ...(!ask.message && { clientMessageId: ask.clientMessageId, requestHash: ask.hash }),
    model: ask.model,
    parameters: asJson(ask.parameters),
    offer: offerAsJson(ask.offer),
    requesterId: requester.userId,
    requester: { ...requester } as unknown as Prisma.InputJsonObject,
  }) satisfies Prisma.MessageCreateManyInput;

/** Digests a request: equal for equal requests of one person, whatever the order of their fields. */
export function digest(user: UserIdentity, ...asked: unknown[]): string {
  const canonical = JSON.stringify([user.userId, ...asked], (_key, value: unknown) => {
    if (value === undefined) return null;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
  return digestOf(canonical);
}
