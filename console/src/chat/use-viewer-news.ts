import { useApolloClient } from '@apollo/client/react';
import { useSextant } from '@sextant/client/react';
import { useEffect } from 'react';
import { ListChatsDocument } from './list.generated.ts';

/** Keeps the list of conversations as it is on all devices of the person: what comes, goes, and is unread. */
export function useViewerNews(): void {
  const sextant = useSextant();
  const graph = useApolloClient();
  useEffect(() => {
    const ended = new AbortController();
    void (async () => {
      for await (const { removedConversationIds } of sextant.viewerEvents({ signal: ended.signal })) {
        for (const id of removedConversationIds) graph.cache.evict({ id: `Conversation:${id}` });
        await graph.refetchQueries({ include: [ListChatsDocument] });
      }
    })().catch(() => undefined);
    return () => ended.abort();
  }, [sextant, graph]);
}
