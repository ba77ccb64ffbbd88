import { useQuery } from '@apollo/client/react';
import { Group, Loader, Pill } from '@mantine/core';
import { useEffect } from 'react';
import { Link } from 'wouter';
import { useMutation } from '../frame/use-mutation.ts';
import { useStrings } from '../strings/strings.tsx';
import { AttachedDocumentsDocument, RemoveAttachedDocumentDocument } from './chat.generated.ts';

/** Returns whether a document is being read, or will be; what was never uploaded waits for no process. */
const isBeingRead = (status: string): boolean => status === 'QUEUED' || status === 'PROCESSING';

/** Returns the documents that are attached to a conversation, as they are read, and what looks again. */
export function useAttached(conversationId: string) {
  const { data, refetch, startPolling, stopPolling } = useQuery(AttachedDocumentsDocument, {
    variables: { id: conversationId },
  });
  const documents = data?.conversation?.documents?.nodes ?? [];
  const isBusy = documents.some(({ status }) => isBeingRead(status));
  useEffect(() => {
    if (isBusy) startPolling(2_000);
    return stopPolling;
  }, [isBusy, startPolling, stopPolling]);
  return { documents, refetch };
}

/** Shows the documents that a conversation alone draws on, and removes them. */
export function Attached({ documents, refetch }: ReturnType<typeof useAttached>) {
  const { chat, knowledge } = useStrings();
  const [remove] = useMutation(RemoveAttachedDocumentDocument);
  if (documents.length === 0) return null;
  return (
    <Group gap="xs" mb="xs" role="group" aria-label={chat.attached}>
      {documents.map(({ id, title, status, problem }) => (
        <Pill
          key={id}
          withRemoveButton
          title={problem?.message}
          onRemove={() => {
            if (window.confirm(chat.detachAsk(title))) void remove({ variables: { id } }).then(() => refetch());
          }}
          removeButtonProps={{ 'aria-label': chat.detach(title), tabIndex: 0, 'aria-hidden': false }}
        >
          {status === 'READY' ? (
            <Link href={`/knowledge/${id}`}>{title}</Link>
          ) : (
            <Group gap={4} wrap="nowrap" component="span">
              {isBeingRead(status) && <Loader size={10} component="span" />}
              {title} ({knowledge.states[status]})
            </Group>
          )}
        </Pill>
      ))}
    </Group>
  );
}
