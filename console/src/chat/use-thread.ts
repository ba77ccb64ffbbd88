import { useApolloClient, useQuery } from '@apollo/client/react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { type ChatMessageFragment, ReadChatDocument, type ReadChatQuery } from './chat.generated.ts';

/** Messages of the window that is read again with each event, and of each page before it. */
const WINDOW = 40;
const PAGE = 100;

type Page = NonNullable<ReadChatQuery['conversation']>['messages'];

/** The messages that were read, without a gap: pages of earlier ones, then the window of the newest. */
interface Thread {
  readonly messages: readonly ChatMessageFragment[];
  /** What an earlier page ends before; null at the beginning of the conversation. */
  readonly start: string | null;
}

const NOTHING: Thread = { messages: [], start: null };

/** Joins the window to what was read before. Where they do not meet, such as on another branch, the window is all. */
function joined(before: Thread, { nodes, pageInfo }: Page): Thread {
  const window = { messages: nodes, start: pageInfo.hasPreviousPage ? (pageInfo.startCursor ?? null) : null };
  const at = before.messages.findIndex(({ id }) => id === nodes[0]?.id);
  if (at <= 0) return window;
  return { messages: [...before.messages.slice(0, at), ...nodes], start: before.start };
}

/** Keeps the messages of a conversation, however many: the newest ones as they change, earlier ones by pages. */
export function useThread(id: string) {
  const graph = useApolloClient();
  const { data, error, refetch } = useQuery(ReadChatDocument, { variables: { id, last: WINDOW, before: null } });
  const [thread, setThread] = useState(NOTHING);
  const isReading = useRef(false);
  const page = data?.conversation?.messages;
  useEffect(() => {
    if (page) setThread((before) => joined(before, page));
  }, [page]);
  // The first time there is nothing to join with: no frame without the messages that are here.
  const shown = useMemo(() => (page && thread === NOTHING ? joined(NOTHING, page) : thread), [page, thread]);
  const earlier = useCallback(async () => {
    if (isReading.current || shown.start === null) return;
    isReading.current = true;
    try {
      const variables = { id, last: PAGE, before: shown.start };
      // Not into the cache, whose window of the conversation it would replace.
      const read = await graph.query({ query: ReadChatDocument, variables, fetchPolicy: 'no-cache' });
      const { nodes, pageInfo } = read.data!.conversation!.messages;
      const start = pageInfo.hasPreviousPage ? (pageInfo.startCursor ?? null) : null;
      // Of a thread that has become another one meanwhile this is not a part.
      setThread((now) =>
        now.messages[0]?.id === shown.messages[0]?.id ? { messages: [...nodes, ...now.messages], start } : now,
      );
    } finally {
      isReading.current = false;
    }
  }, [graph, id, shown]);
  return {
    conversation: data?.conversation,
    error,
    refetch,
    messages: shown.messages,
    hasEarlier: shown.start !== null,
    earlier,
  };
}
