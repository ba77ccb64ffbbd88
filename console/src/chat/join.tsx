import { useQuery } from '@apollo/client/react';
import { Button, Group, Stack, Text, Title } from '@mantine/core';
import { useLocation } from 'wouter';
import { Problem } from '../frame/problem.tsx';
import { useTitle } from '../frame/title.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useStrings } from '../strings/strings.tsx';
import { JoinChatDocument, PreviewInvitationDocument } from './sharing.generated.ts';

/** Shows what a link invites to, and takes part when the person accepts. */
export function Join() {
  const { chat } = useStrings();
  const [, go] = useLocation();
  const token = location.hash.slice(1);
  const { data, error } = useQuery(PreviewInvitationDocument, { variables: { token } });
  const [join, joined] = useMutation(JoinChatDocument);
  const invitation = data?.invitationByLink;
  useTitle(chat.join);
  const accept = async () => {
    const { data: answer } = await join({ variables: { token } }).catch(() => ({ data: undefined }));
    const id = answer?.acceptInvitationLink?.conversation.id;
    if (id) go(`/chat/${id}`, { replace: true });
  };
  return (
    <Stack p="xl" maw={560}>
      <Title order={1} size="h3">
        {chat.join}
      </Title>
      <Problem error={joined.error ?? error} />
      {invitation && (
        <>
          <Text>{chat.joinHint(invitation.invitedBy?.displayName ?? '?', invitation.title ?? chat.untitled)}</Text>
          <Group>
            <Button onClick={() => void accept()} loading={joined.loading}>
              {chat.accept}
            </Button>
            <Button variant="default" onClick={() => go('/chat', { replace: true })}>
              {chat.decline}
            </Button>
          </Group>
        </>
      )}
    </Stack>
  );
}
