import DataLoader from 'dataloader';
import type { Identity } from '#platform/identity/identity.ts';
import type { PresentMember } from '#platform/realtime/presence/presence.ts';
import type {
  Feedback,
  Folder,
  Generation,
  InvitationLink,
  Message,
  Participant,
  Share,
} from '#prisma/chat/client/client.ts';
import type { ConversationView } from './access.ts';
import { ExportAllowance } from './conversations/export.ts';
import type { Draft } from './draft/draft.ts';
import { liveDrafts } from './draft/live-draft.ts';
import { isId } from './input.ts';
import type { ChatParts } from './parts.ts';
import { linksOf } from './people/invitation-links.ts';
import type { InvitationView } from './people/invitations.ts';
import { sharesOf } from './people/sharing.ts';
import { countUnread } from './readers/reading.ts';
import { roomOf } from './readers/rooms.ts';
import { type BranchConnection, type BranchRequest, readBranches } from './tree.ts';

/** The group of messages that stand beside one another: the conversation, and the parent or none. */
export interface SiblingGroup {
  readonly conversationId: string;
  readonly parentId: string | null;
}

export interface Loaders {
  /** Null when the caller takes no part. */
  readonly conversation: DataLoader<string, ConversationView | null>;
  /** Null when the caller takes no part in its conversation. */
  readonly message: DataLoader<string, Message | null>;
  /** Of conversations that the caller was let see already, as all below. */
  readonly siblings: DataLoader<SiblingGroup, string[], string>;
  readonly active: DataLoader<Message, boolean, string>;
  readonly branch: DataLoader<BranchRequest, BranchConnection, BranchRequest>;
  readonly draft: DataLoader<string, Draft>;
  readonly generation: DataLoader<string, Generation | null>;
  readonly folder: DataLoader<string, Folder | null>;
  /** How many conversations lie in folders. */
  readonly inFolder: DataLoader<string, number>;
  /** What the caller thinks of replies. */
  readonly feedback: DataLoader<string, Feedback | null>;
  readonly participants: DataLoader<string, Participant[]>;
  readonly invitations: DataLoader<string, InvitationView[]>;
  /** Links by which people take part, and by which anybody reads; the newest first. */
  readonly invitationLinks: DataLoader<string, InvitationLink[]>;
  readonly shares: DataLoader<string, Share[]>;
  /** How much waits to be read by the caller. */
  readonly unread: DataLoader<string, number>;
  readonly unfinished: DataLoader<string, Message[]>;
  readonly present: DataLoader<string, PresentMember[]>;
  readonly exports: ExportAllowance;
}

/** Creates the loaders of one operation: what is read many times is read at once. */
export function createLoaders({ db, presence, streams }: ChatParts, identity: Identity): Loaders {
  const userId = identity.kind === 'user' ? identity.userId : undefined;
  return {
    conversation: new DataLoader(async (ids) => {
      if (userId === undefined) return ids.map(() => null);
      const found = await db.participant.findMany({
        where: { userId, conversationId: { in: ids.filter(isId) } },
        include: { conversation: true },
      });
      const byId = new Map(found.map(({ conversation, ...viewer }) => [conversation.id, { ...conversation, viewer }]));
      return ids.map((id) => byId.get(id) ?? null);
    }),

    message: new DataLoader(async (ids) => {
      if (userId === undefined) return ids.map(() => null);
      const found = await db.message.findMany({
        where: { id: { in: ids.filter(isId) }, conversation: { participants: { some: { userId } } } },
      });
      return align(ids, found, ({ id }) => id);
    }),

    siblings: new DataLoader(
      async (groups) => {
        const parents = groups.flatMap(({ parentId }) => parentId ?? []);
        const roots = groups.filter(({ parentId }) => parentId === null).map(({ conversationId }) => conversationId);
        const found = await db.message.findMany({
          where: { OR: [{ parentId: { in: parents } }, { conversationId: { in: roots }, parentId: null }] },
          orderBy: { id: 'asc' },
          select: { id: true, conversationId: true, parentId: true },
        });
        const bySiblings = Map.groupBy(found, siblingsKey);
        return groups.map((siblings) => (bySiblings.get(siblingsKey(siblings)) ?? []).map(({ id }) => id));
      },
      { cacheKeyFn: siblingsKey },
    ),

    active: new DataLoader(
      async (messages) => {
        const conversations = [...new Set(messages.map(({ conversationId }) => conversationId))];
        const rows = await db.$queryRaw<{ id: string }[]>`
          WITH RECURSIVE branch AS (
            SELECT m.id, m.active_child_id FROM conversations c JOIN messages m ON m.id = c.active_root_id
              WHERE c.id = ANY(${conversations}::uuid[])
            UNION ALL
            SELECT m.id, m.active_child_id FROM branch JOIN messages m ON m.id = branch.active_child_id)
          SELECT id::text FROM branch WHERE id = ANY(${messages.map(({ id }) => id)}::uuid[])`;
        const active = new Set(rows.map(({ id }) => id));
        return messages.map(({ id }) => active.has(id));
      },
      { cacheKeyFn: ({ id }) => id },
    ),

    branch: new DataLoader<BranchRequest, BranchConnection, BranchRequest>((requests) => readBranches(db, requests), {
      cache: false,
    }),

    draft: new DataLoader((ids) => liveDrafts({ db, streams }, ids)),

    generation: new DataLoader(async (ids) =>
      align(
        ids,
        await db.generation.findMany({ where: { messageId: { in: [...ids] } } }),
        ({ messageId }) => messageId,
      ),
    ),

    folder: new DataLoader(async (ids) =>
      align(ids, await db.folder.findMany({ where: { id: { in: [...ids] }, userId } }), ({ id }) => id),
    ),

    inFolder: new DataLoader(async (ids) => {
      const counts = await db.participant.groupBy({
        by: ['folderId'],
        where: { folderId: { in: [...ids] }, userId },
        _count: true,
      });
      const byId = new Map(counts.map(({ folderId, _count }) => [folderId, _count]));
      return ids.map((id) => byId.get(id) ?? 0);
    }),

    feedback: new DataLoader(async (ids) => {
      if (userId === undefined) return ids.map(() => null);
      const found = await db.feedback.findMany({ where: { userId, messageId: { in: [...ids] } } });
      return align(ids, found, ({ messageId }) => messageId);
    }),

    participants: new DataLoader(async (ids) =>
      group(
        ids,
        await db.participant.findMany({
          where: { conversationId: { in: [...ids] } },
          orderBy: [{ joinedAt: 'asc' }, { userId: 'asc' }],
        }),
      ),
    ),

    invitations: new DataLoader(async (ids) =>
      group(
        ids,
        await db.invitation.findMany({
          where: { conversationId: { in: [...ids] } },
          include: { conversation: true },
          orderBy: [{ createdAt: 'asc' }, { userId: 'asc' }],
        }),
      ),
    ),

    invitationLinks: new DataLoader(async (ids) => group(ids, await linksOf({ db }, ids))),
    shares: new DataLoader(async (ids) => group(ids, await sharesOf({ db }, ids))),

    unread: new DataLoader(async (ids) => {
      const counts = userId === undefined ? new Map<string, number>() : await countUnread(db, userId, ids);
      return ids.map((id) => counts.get(id) ?? 0);
    }),

    unfinished: new DataLoader(async (ids) =>
      group(
        ids,
        await db.message.findMany({
          where: { conversationId: { in: [...ids] }, status: { in: ['PENDING', 'STREAMING'] } },
          orderBy: { id: 'asc' },
        }),
      ),
    ),

    present: new DataLoader((ids) => Promise.all(ids.map((id) => presence.members(roomOf(id))))),
    exports: new ExportAllowance(),
  };
}

const siblingsKey = ({ conversationId, parentId }: SiblingGroup): string => parentId ?? `root of ${conversationId}`;

function align<Row>(ids: readonly string[], rows: readonly Row[], idOf: (row: Row) => string): (Row | null)[] {
  const byId = new Map(rows.map((row) => [idOf(row), row]));
  return ids.map((id) => byId.get(id) ?? null);
}

function group<Row extends { conversationId: string }>(ids: readonly string[], rows: readonly Row[]): Row[][] {
  const groups = Map.groupBy(rows, ({ conversationId }) => conversationId);
  return ids.map((id) => groups.get(id) ?? []);
}
