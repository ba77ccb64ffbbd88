import { badInput, forbidden, notFound } from '#platform/base/errors/errors.ts';
import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import type { RequestContext, ResolverMap } from '#platform/host/definition.ts';
import { type Identity, requireUser, type UserIdentity } from '#platform/identity/identity.ts';
import type { Context as ContextRow, Document } from '#prisma/memory/client/client.ts';
import type { Contexts, ScopeInput } from './contexts.ts';
import type { Access, Documents } from './documents/documents.ts';
import { followDocument } from './documents/progress.ts';
import { type PassageWithDocument, searchKnowledge } from './documents/search.ts';
import { exportUrl } from './export.ts';
import { foreignId, MAX_QUERY, numberInput, textInput } from './input.ts';
import type { Loaders } from './loaders.ts';
import { type SearchMode, searchMemories } from './memories/search.ts';
import type { MemoryFilter, MemoryInput, MemoryKind, MemoryRow, MemoryStore } from './memories/store.ts';
import type { MemoryParts } from './parts.ts';
import { extractiveAnswer } from './recall/extractive.ts';
import type { Citation, RecalledItem } from './recall/item.ts';
import { citationOf, type RecallInput, recall } from './recall/recall.ts';
import { memoryStatus } from './status.ts';

type Context = RequestContext<Loaders>;
type Input<T> = { readonly input: T };
type None = Record<string, never>;

/** The parts that resolvers reach for. */
export interface ResolverParts {
  readonly memory: MemoryParts;
  readonly memories: MemoryStore;
  readonly contexts: Contexts;
  readonly documents: Documents;
}

/**
 * Creates the resolvers: GraphQL to domain. Scopes are demanded by the schema; whose data it is, by every call of the
 * domain.
 */
export function createResolvers(parts: ResolverParts): ResolverMap {
  return { ...roots(parts), ...types(parts) };
}

function roots({ memory, memories, contexts, documents }: ResolverParts): ResolverMap {
  const me = (context: Context) => requireUser(context.identity).userId;
  return {
    Query: {
      memory: (_: None, { id }: { id: string }, context: Context) => memories.get(me(context), id),
      memories: (_: None, { filter, ...page }: PageArguments & { filter?: MemoryFilter | null }, context: Context) =>
        memories.list(me(context), filter ?? {}, page),
      searchMemories: (
        _: None,
        { input }: Input<{ query: string; filter?: MemoryFilter | null; limit: number; mode: SearchMode }>,
        context: Context,
      ) =>
        searchMemories(memory, me(context), {
          ...input,
          query: textInput('input.query', input.query, MAX_QUERY),
          limit: numberInput('input.limit', input.limit, 1, 100),
          everywhere: true,
          signal: context.signal,
        }),
      async recall(_: None, { input }: Input<RecallInput & { touch: boolean }>, context: Context) {
        const userId = me(context);
        const found = await recall(memory, userId, input, context.signal);
        const used = found.items.flatMap((item) => item.memory?.id ?? []);
        if (input.touch)
          memories
            .touch(userId, used)
            .catch((error) => context.log.warn({ err: error }, 'uses of memories were not noted'));
        return found;
      },
      extractiveAnswer: (
        _: None,
        { input }: Input<{ question: string; conversationId?: string | null; limit: number }>,
        context: Context,
      ) =>
        extractiveAnswer(
          memory,
          me(context),
          { ...input, question: textInput('input.question', input.question.slice(0, MAX_QUERY), MAX_QUERY) },
          context.signal,
        ),
      context: (_: None, { input }: Input<{ scope: ScopeInput; key: string }>, context: Context) =>
        contexts.get(requireUser(context.identity), input.scope, input.key),
      contexts: (_: None, { scope, ...page }: PageArguments & { scope: ScopeInput }, context: Context) =>
        contexts.list(requireUser(context.identity), scope, page),
      document: (_: None, { id }: { id: string }, context: Context) => documents.get(me(context), id),
      documents: (
        _: None,
        { filter, ...page }: PageArguments & { filter?: { access?: Access | null; status?: string | null } | null },
        context: Context,
      ) => documents.list(me(context), filter ?? {}, page),
      searchKnowledge: (
        _: None,
        { input }: Input<{ query: string; documentIds?: string[] | null; limit: number; mode: SearchMode }>,
        context: Context,
      ) =>
        searchKnowledge(memory, me(context), {
          ...input,
          query: textInput('input.query', input.query, MAX_QUERY),
          limit: numberInput('input.limit', input.limit, 1, 100),
          signal: context.signal,
        }),
      memoryStatus: () => memoryStatus(memory),
    },

    Mutation: {
      remember: async (_: None, { input }: Input<{ memories: MemoryInput[] }>, context: Context) => ({
        memories: await memories.remember(me(context), input.memories),
      }),
      editMemory: async (
        _: None,
        { input }: Input<{ id: string; text?: string; kind?: MemoryKind; importance?: number; validUntil?: Date }>,
        context: Context,
      ) => ({ memory: await memories.edit(me(context), input.id, input) }),
      pinMemory: async (_: None, { input }: Input<{ id: string; pinned: boolean }>, context: Context) => ({
        memory: await memories.pin(me(context), input.id, input.pinned),
      }),
      forget: async (_: None, { input }: Input<ForgetInput>, context: Context) => ({
        forgottenIds: await memories.forget(me(context), toForget(input), input.withHistory),
      }),
      exportMemory: (_: None, _args: None, context: Context) => exportUrl(memory.urls, me(context)),
      setContext: async (_: None, { input }: Input<Parameters<Contexts['set']>[1]>, context: Context) => ({
        context: await contexts.set(requireUser(context.identity), input),
      }),
      deleteContext: async (_: None, { input }: Input<Parameters<Contexts['delete']>[1]>, context: Context) => ({
        deleted: await contexts.delete(requireUser(context.identity), input),
      }),
      async createDocumentUpload(
        _: None,
        { input }: Input<Parameters<Documents['createUpload']>[1]>,
        context: Context,
      ) {
        const { document, upload, maxBytes } = await documents.createUpload(requireUser(context.identity), input);
        const headers = Object.entries(upload.headers).map(([name, value]) => ({ name, value }));
        return { document, upload: { ...upload, method: 'PUT', headers, maxBytes } };
      },
      addDocument: async (_: None, { input }: Input<Parameters<Documents['add']>[1]>, context: Context) => ({
        document: await documents.add(requireUser(context.identity), input),
      }),
      updateDocument: async (_: None, { input }: Input<Parameters<Documents['update']>[1]>, context: Context) => ({
        document: await documents.update(requireUser(context.identity), input),
      }),
      retryDocument: async (_: None, { input }: Input<{ id: string }>, context: Context) => ({
        document: await documents.retry(requireUser(context.identity), input.id),
      }),
      deleteDocument: async (_: None, { input }: Input<{ id: string }>, context: Context) => {
        await documents.delete(requireUser(context.identity), input.id);
        return { deletedId: input.id };
      },
    },

    Subscription: {
      documentProgress: {
        subscribe: (_: None, { documentId }: { documentId: string }, context: Context) =>
          followDocument(memory, documents, me(context), documentId, context.signal),
        resolve: (document: Document) => document,
      },
    },
  };
}

function types({ memory, memories, documents }: ResolverParts): ResolverMap {
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
    MemoryConnection: {
      totalCount: ({ totalCount }: { totalCount: () => Promise<number> }) => totalCount(),
    },
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
      progress: ({ done, total }: Document) => ({ done, total }),
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
      originalUrl: (document: Document) => documents.originalUrl(document)?.url ?? null,
    },
    DocumentConnection: {
      totalCount: ({ totalCount }: { totalCount: () => Promise<number> }) => totalCount(),
    },
    PassageConnection: {
      totalCount: ({ totalCount }: { totalCount: () => Promise<number> }) => totalCount(),
    },
    Passage: {
      citation: (passage: PassageWithDocument) => citationOf(passage),
    },
  };
}

interface ForgetInput {
  readonly ids?: readonly string[] | null;
  readonly conversationId?: string | null;
  readonly everything?: boolean | null;
  readonly withHistory: boolean;
}

/** Exactly one of three, so that a client's forgotten variable never means "everything". */
function toForget({ ids, conversationId, everything }: ForgetInput): Parameters<MemoryStore['forget']>[1] {
  const given = [ids != null, conversationId != null, everything === true].filter(Boolean).length;
  if (given !== 1) throw badInput('input', 'needs exactly one of ids, conversationId and everything.');
  if (ids != null) return { ids };
  const conversation = foreignId('input.conversationId', conversationId);
  return conversation === undefined ? { everything: true } : { conversationId: conversation };
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
