import { forbidden, notFound } from '#platform/base/errors/errors.ts';
import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import { COUNTED } from '#platform/data/paging/paging.ts';
import type { ResolverMap } from '#platform/host/definition.ts';
import { type Identity, requireUser, type UserIdentity } from '#platform/identity/identity.ts';
import type { Context as ContextRow, Document } from '#prisma/memory/client/client.ts';
import type { PassageWithDocument } from '../documents/search.ts';
import type { MemoryFilter, MemoryRow } from '../memories/store.ts';
import { type Citation, citationOf, type RecalledItem } from '../recall/item.ts';
import type { Context, None, ResolverParts } from './context.ts';

/** Returns the fields of the types. What the rows have under the same name needs no line here. */
export function typeResolvers({ memory, memories, documents }: ResolverParts): ResolverMap {
  return {
    User: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      memoryQuotas: ({ id }: { id: string }, _: None, context: Context) =>
        memory.quotas.use(memory.db, themselves(context.identity, id).userId),
      memories: (
        { id }: { id: string },
        { filter, ...page }: PageArguments & { filter?: MemoryFilter | null },
        context: Context,
      ) => memories.list(themselves(context.identity, id).userId, filter ?? {}, page),
      documents: ({ id }: { id: string }, page: PageArguments, context: Context) =>
        documents.list(themselves(context.identity, id).userId, { own: true }, page),
    },
    Conversation: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      memories: ({ id }: { id: string }, page: PageArguments, context: Context) =>
        memories.list(requireUser(context.identity).userId, { conversationId: id }, page),
      documents: ({ id }: { id: string }, page: PageArguments, context: Context) =>
        documents.list(requireUser(context.identity).userId, { conversationId: id, own: true }, page),
      contexts: async ({ id }: { id: string }, _: None, context: Context) =>
        (await context.loaders.contextsOfConversation.load(id)).slice(0, 200),
    },
    Message: {
      __resolveReference: ({ id }: { id: string }) => ({ id }),
      memories: ({ id }: { id: string }, _: None, context: Context) => context.loaders.memoriesOfMessage.load(id),
    },
    Memory: {
      __resolveReference: ({ id }: { id: string }, context: Context) => context.loaders.memory.load(id),
      user: ({ userId }: MemoryRow) => ({ id: userId }),
      conversation: ({ conversationId }: MemoryRow) => reference(conversationId),
      source: ({ sourceMessageId, quote, extractor }: MemoryRow) =>
        sourceMessageId === null ? null : { message: { id: sourceMessageId }, quote: quote ?? '', extractor },
      isValid: ({ validUntil }: MemoryRow) => validUntil === null || validUntil.getTime() > Date.now(),
      supersededBy: ({ supersededById }: MemoryRow, _: None, context: Context) =>
        supersededById === null ? null : context.loaders.memory.load(supersededById),
      supersedes: ({ id }: MemoryRow, _: None, context: Context) => context.loaders.supersededBy.load(id),
    },
    MemoryConnection: COUNTED,
    ContextConnection: COUNTED,
    RecalledItem: {
      message: ({ message }: RecalledItem) => reference(message?.id ?? null),
    },
    Citation: {
      document: ({ documentId }: Citation, _: None, context: Context) => documentOr404(context, documentId),
    },
    Context: {
      scope: ({ scope }: ContextRow) => scope.split(':', 1)[0]!.toUpperCase(),
      conversation: ({ conversationId }: ContextRow) => reference(conversationId),
    },
    Document: {
      __resolveReference: ({ id }: { id: string }, context: Context) => context.loaders.document.load(id),
      contentType: ({ contentType, declaredType }: Document) => contentType ?? declaredType,
      owner: ({ ownerId }: Document) => ({ id: ownerId }),
      // Until the text is there, the pages that are pictures count.
      progress: ({ done, total, pagesRead, pagesToRead }: Document) =>
        total === 0 ? { done: pagesRead, total: pagesToRead } : { done, total },
      problem: ({ problemCode: code, problem: message }: Document) => (code === null ? null : { code, message }),
      passages: async (document: Document, page: PageArguments) => {
        const { nodes, edges, ...rest } = await documents.passages(document.id, page);
        const full = (passage: (typeof nodes)[number]) => ({ ...passage, document });
        return {
          ...rest,
          nodes: nodes.map(full),
          edges: edges.map(({ node, cursor }) => ({ node: full(node), cursor })),
        };
      },
      textUrl: (document: Document) => documents.textUrl(document)?.url ?? null,
      originalUrl: (document: Document) => documents.originalUrl(document)?.url ?? null,
    },
    DocumentConnection: COUNTED,
    PassageConnection: COUNTED,
    Passage: {
      citation: (passage: PassageWithDocument) => citationOf(passage),
    },
  };
}

/** What is remembered of a user is theirs alone, administrators included. */
function themselves(identity: Identity, userId: string): UserIdentity {
  const user = requireUser(identity);
  if (user.userId !== userId) throw forbidden('Only the user may read this.');
  return user;
}

const reference = (id: string | null) => (id === null ? null : { id });

async function documentOr404(context: Context, id: string): Promise<Document> {
  const document = await context.loaders.document.load(id);
  if (!document) throw notFound('The document');
  return document;
}
