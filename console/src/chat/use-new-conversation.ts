import type { Conversation } from '@sextant/client';
import { useSextant } from '@sextant/client/react';
import { useRef } from 'react';
import { useMutation } from '../frame/use-mutation.ts';
import { SetUpChatDocument } from './chat.generated.ts';
import type { inputOf } from './settings.ts';

/** The choices that a conversation begins with. */
type SetUp = ReturnType<typeof inputOf> & { readonly memoryEnabled: boolean; readonly model: string | null };

/**
 * Begins a conversation with its first message. Tried again after an error it is still one conversation, set up as it
 * was chosen last.
 */
export function useNewConversation(): (setUp: SetUp) => Promise<Conversation> {
  const sextant = useSextant();
  const [change] = useMutation(SetUpChatDocument);
  const begun = useRef<{ readonly conversation: Promise<Conversation>; as: string } | undefined>(undefined);
  return async (setUp) => {
    const as = JSON.stringify(setUp);
    if (begun.current) {
      const conversation = await begun.current.conversation;
      if (begun.current.as !== as) await change({ variables: { input: { id: conversation.id, ...setUp } } });
      begun.current.as = as;
      return conversation;
    }
    begun.current = { conversation: sextant.startConversation(setUp), as };
    try {
      return await begun.current.conversation;
    } catch (error) {
      begun.current = undefined;
      throw error;
    }
  };
}
