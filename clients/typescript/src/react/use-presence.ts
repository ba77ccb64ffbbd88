import { useCallback, useEffect, useState } from 'react';
import type { Member } from '../conversation.ts';
import { useSextant } from './context.tsx';

/** Returns who is in the room of a conversation, and what shows the others that the caller types. */
export function usePresence(conversationId: string): {
  readonly members: readonly Member[];
  setTyping(typing: boolean): void;
} {
  const sextant = useSextant();
  const [members, setMembers] = useState<readonly Member[]>([]);
  useEffect(() => {
    const ended = new AbortController();
    void (async () => {
      const conversation = sextant.conversation(conversationId);
      for await (const present of conversation.presence({ signal: ended.signal })) setMembers(present);
    })().catch(() => setMembers([]));
    return () => ended.abort();
  }, [sextant, conversationId]);
  const setTyping = useCallback(
    (typing: boolean) =>
      void sextant
        .conversation(conversationId)
        .setTyping(typing)
        .catch(() => undefined),
    [sextant, conversationId],
  );
  return { members, setTyping };
}
