import { v7 as uuidv7 } from 'uuid';
import type { z } from 'zod';
import { badInput, CodedError, notFound } from '#platform/base/errors/errors.ts';
import { digestOf, randomToken } from '#platform/base/secrets/tokens.ts';
import { inviteByMailAnswer, type inviteByMailRequest, PEOPLE_ROUTES } from '#platform/contracts/people.ts';
import type { Identity, UserIdentity } from '#platform/identity/identity.ts';
import type { InvitationLink } from '#prisma/chat/client/client.ts';
import { type ConversationView, conversationFor, holdConversation, ownedConversation } from '../access.ts';
import { isId } from '../input.ts';
import { type ChatParts, TRANSACTION } from '../parts.ts';
import { spend, spendMail } from '../rate.ts';
import { noteForViewers } from '../readers/viewer-events.ts';
import { checkRoom, join } from './invitations.ts';

const DAY_MS = 86_400_000;
/** How long a link is good where nothing else is asked for, and at most. */
const LIFE_MS = 7 * DAY_MS;
const MAX_LIFE_DAYS = 30;
/** Most people who may take part by one link, and most links of one conversation. */
const MAX_USES = 50;
const MAX_LINKS = 20;
/** What chat asks auth as, where no person may. */
const SELF: Identity = { kind: 'service', service: 'chat' };

export interface LinkInput {
  readonly id: string;
  readonly maxUses?: number | null;
  readonly expiresAt?: Date | null;
}

/**
 * Makes a link by which people take part who have it and accept.
 *
 * @returns the link and its secret, which is not kept.
 * @throws {CodedError} NOT_FOUND, FORBIDDEN, BAD_USER_INPUT, RATE_LIMITED.
 */
export async function createLink(
  chat: ChatParts,
  user: UserIdentity,
  { id, maxUses, expiresAt }: LinkInput,
  email: string | null = null,
): Promise<{ link: InvitationLink; token: string }> {
  await spend(chat, user, 'invitations');
  await ownedConversation(chat.db, user.userId, id);
  const uses = maxUses ?? 1;
  if (uses < 1 || uses > MAX_USES) throw badInput('input.maxUses', `is ${uses}; it takes 1 to ${MAX_USES}.`);
  const now = Date.now();
  const end = expiresAt ?? new Date(now + LIFE_MS);
  if (end.getTime() <= now || end.getTime() > now + MAX_LIFE_DAYS * DAY_MS) {
    throw badInput('input.expiresAt', `is not within the next ${MAX_LIFE_DAYS} days.`);
  }
  const token = randomToken();
  const link = await chat.db.$transaction(async (tx) => {
    await holdConversation(tx, id);
    // Of any conversation: they hold addresses of people who may have no account.
    await tx.invitationLink.deleteMany({
      where: { OR: [{ expiresAt: { lte: new Date() } }, { conversationId: id, usesLeft: { lt: 1 } }] },
    });
    const count = await tx.invitationLink.count({ where: { conversationId: id, usesLeft: { gt: 0 } } });
    if (count >= MAX_LINKS) {
      throw badInput(
        'input.id',
        `has ${count} links; at most ${MAX_LINKS} wait. Revoke some with revokeInvitationLink.`,
      );
    }
    const data = {
      id: uuidv7(),
      conversationId: id,
      tokenHash: digestOf(token),
      usesLeft: uses,
      email,
      expiresAt: end,
    };
    return tx.invitationLink.create({ data });
  }, TRANSACTION);
  return { link, token };
}

/**
 * Sends a link for one person to an address. Whether the address has an account is not told.
 *
 * @throws {CodedError} as `createLink`; NOT_CONFIGURED where no mail is sent; SUBGRAPH_UNAVAILABLE.
 */
export async function inviteByEmail(
  chat: ChatParts,
  user: UserIdentity,
  { id, email }: { readonly id: string; readonly email: string },
): Promise<InvitationLink> {
  await spendMail(chat, user);
  const { link, token } = await createLink(chat, user, { id }, email.trim().slice(0, 254));
  try {
    const asked: z.input<typeof inviteByMailRequest> = {
      email: email.slice(0, 1_000),
      url: joinUrl(chat, token),
      invitedById: user.userId,
      lifeMs: LIFE_MS,
    };
    const { outcome } = inviteByMailAnswer.parse(await askAuth(chat, PEOPLE_ROUTES.invite, asked));
    if (outcome === 'no address') throw badInput('input.email', 'is not an e-mail address such as ada@example.org.');
    if (outcome === 'not configured') {
      throw new CodedError(
        'NOT_CONFIGURED',
        'Mail is not configured here (SMTP_URL): pass on a link of createInvitationLink.',
      );
    }
  } catch (error) {
    await chat.db.invitationLink.deleteMany({ where: { id: link.id } });
    throw error;
  }
  return link;
}

/** Returns the address of the page that a link leads to. What stands behind # is in no log of requests. */
export const joinUrl = ({ config }: Pick<ChatParts, 'config'>, token: string): string =>
  `${config.publicUrl}/join#${token}`;

/** Asks auth what it answers services alone. */
export async function askAuth({ peers }: Pick<ChatParts, 'peers'>, path: string, body: object): Promise<unknown> {
  const request = new Request(`http://auth${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return (await peers.fetch('auth', request, { identity: SELF })).json();
}

/** Returns a link that is good. @throws {CodedError} NOT_FOUND: wrong, revoked, used up or expired; not told which. */
export async function openLink(
  db: Pick<ChatParts['db'], 'invitationLink'>,
  token: string,
): Promise<InvitationLink & { readonly conversation: { readonly title: string | null; readonly ownerId: string } }> {
  const link = await db.invitationLink.findUnique({
    where: { tokenHash: digestOf(token.slice(0, 100)) },
    include: { conversation: { select: { title: true, ownerId: true } } },
  });
  if (!link || link.usesLeft < 1 || link.expiresAt <= new Date()) throw notFound('The invitation');
  return link;
}

/**
 * Takes part by a link. Who takes part already uses nothing of it, so twice is once.
 *
 * @throws {CodedError} NOT_FOUND as `openLink`; BAD_USER_INPUT where there is no room.
 */
export async function acceptLink(chat: ChatParts, user: UserIdentity, token: string): Promise<ConversationView> {
  const { userId } = user;
  const tokenHash = digestOf(token.slice(0, 100));
  const known = await chat.db.invitationLink.findUnique({ where: { tokenHash }, select: { conversationId: true } });
  if (!known) throw notFound('The invitation');
  const { conversationId } = known;
  const one = { userId, conversationId };
  const isNew = await chat.db.$transaction(async (tx) => {
    await holdConversation(tx, conversationId);
    if ((await tx.participant.count({ where: one })) > 0) return false;
    const link = await openLink(tx, token);
    const { count: invited } = await tx.invitation.deleteMany({ where: one });
    if (invited > 0) await noteForViewers(tx, 'INVITATION', [one]);
    await checkRoom(tx, conversationId, 'input.token');
    await tx.invitationLink.update({
      where: { id: link.id },
      data: { usesLeft: { decrement: 1 }, ...(link.usesLeft === 1 && { email: null }) },
    });
    await join(tx, conversationId, userId);
    return true;
  }, TRANSACTION);
  if (isNew) await chat.topics.publish(conversationId, { type: 'ParticipantJoined', userId });
  return conversationFor(chat.db, userId, conversationId);
}

/** Ends a link, at once. Of a link that is not there, or of another person's, nothing happens. */
export async function revokeLink({ db }: ChatParts, { userId }: UserIdentity, id: string): Promise<void> {
  if (isId(id)) await db.invitationLink.deleteMany({ where: { id, conversation: { ownerId: userId } } });
}

/** Reads the links of conversations that are still good, the newest first; each has no more than MAX_LINKS. */
export const linksOf = ({ db }: Pick<ChatParts, 'db'>, conversationIds: readonly string[]): Promise<InvitationLink[]> =>
  db.invitationLink.findMany({
    where: { conversationId: { in: [...conversationIds] }, usesLeft: { gt: 0 }, expiresAt: { gt: new Date() } },
    orderBy: { id: 'desc' },
  });
