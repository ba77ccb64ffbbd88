import { badInput } from '#platform/base/errors/errors.ts';
import { beginningOf } from '#platform/base/text/text.ts';
import type { PageArguments } from '#platform/data/paging/key-paging.ts';
import type { ResolverMap } from '#platform/host/definition.ts';
import { requireUser } from '#platform/identity/identity.ts';
import type { Document } from '#prisma/memory/client/client.ts';
import type { Contexts, ScopeInput } from '../contexts.ts';
import type { Access, Documents } from '../documents/documents.ts';
import { followDocument } from '../documents/progress.ts';
import { searchKnowledge } from '../documents/search.ts';
import { exportUrl } from '../export.ts';
import { foreignId, MAX_QUERY, numberInput, textInput } from '../input.ts';
import { type SearchMode, searchMemories } from '../memories/search.ts';
import type { MemoryFilter, MemoryInput, MemoryKind, MemoryStore } from '../memories/store.ts';
import { extractiveAnswer } from '../recall/extractive.ts';
import { type RecallInput, recall } from '../recall/recall.ts';
import { queueReconciling } from '../reconcile/queue-reconciling.ts';
import { memoryStatus } from '../status.ts';

import type { Context, None, ResolverParts } from './context.ts';

type Input<T> = { readonly input: T };

/** Returns the resolvers of queries, mutations and subscriptions. */
export function operationResolvers({ memory, memories, contexts, documents }: ResolverParts): ResolverMap {
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
        if (input.touch) memory.uses.note(userId, used);
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
          { ...input, question: textInput('input.question', beginningOf(input.question, MAX_QUERY), MAX_QUERY) },
          context.signal,
        ),
      context: (_: None, { input }: Input<{ scope: ScopeInput; key: string }>, context: Context) =>
        contexts.get(requireUser(context.identity), input.scope, input.key),
      contexts: (_: None, { scope, ...page }: PageArguments & { scope: ScopeInput }, context: Context) =>
        contexts.list(requireUser(context.identity), scope, page),
      document: (_: None, { id }: { id: string }, context: Context) => documents.get(me(context), id),
      documents: (_: None, { filter, ...page }: PageArguments & { filter?: DocumentFilter | null }, context: Context) =>
        documents.list(me(context), filter ?? {}, page),
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
      async reindexMemory() {
        await queueReconciling(memory);
        return { status: await memoryStatus(memory) };
      },
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
      forget: async (_: None, { input }: Input<ForgetInput>, context: Context) => {
        const { ids, pending } = await memories.forget(me(context), toForget(input), input.withHistory);
        return { deletedIds: ids, pending };
      },
      exportMemory: (_: None, _args: None, context: Context) => exportUrl(memory.urls, me(context)),
      setContext: async (_: None, { input }: Input<Parameters<Contexts['set']>[1]>, context: Context) => ({
        context: await contexts.set(requireUser(context.identity), input),
      }),
      deleteContext: async (_: None, { input }: Input<Parameters<Contexts['delete']>[1]>, context: Context) => ({
        deletedId: await contexts.delete(requireUser(context.identity), input),
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
        const { pending } = await documents.delete(requireUser(context.identity), input.id);
        return { deletedId: input.id, pending };
      },
    },

    Subscription: {
      documentProgress: {
        subscribe: (_: None, { id }: { id: string }, context: Context) =>
          followDocument(memory, documents, me(context), id, context.signal),
        resolve: (document: Document) => document,
      },
    },
  };
}

interface DocumentFilter {
  readonly access?: Access | null;
  readonly status?: string | null;
  readonly conversationId?: string | null;
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
