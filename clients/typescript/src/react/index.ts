export { SextantProvider, useIsSignedIn, useSextant } from './context.tsx';
export { type ConversationState, useConversation } from './use-conversation.ts';
export { usePresence } from './use-presence.ts';
export { useReply } from './use-reply.ts';
export { useUpload } from './use-upload.ts';
