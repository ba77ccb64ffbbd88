import { Button, Stack, Text, TextInput } from '@mantine/core';
import type { FormEvent } from 'react';
import { NewLink } from '../frame/new-link.tsx';
import { Problem } from '../frame/problem.tsx';
import { useMutation } from '../frame/use-mutation.ts';
import { useStrings } from '../strings/strings.tsx';
import { MailInvitationDocument, MakeInvitationLinkDocument } from './people.generated.ts';

/** Invites by a link, which the owner passes on or which goes by e-mail. */
export function InviteByLink({ id }: { readonly id: string }) {
  const { chat, session } = useStrings();
  const [make, made] = useMutation(MakeInvitationLinkDocument);
  const [mail, mailed] = useMutation(MailInvitationDocument);
  const url = made.data?.createInvitationLink?.url;
  const submit = (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const email = String(new FormData(form).get('email'));
    void mail({ variables: { id, email } }).then(
      () => form.reset(),
      () => undefined,
    );
  };
  return (
    <Stack gap="xs">
      <Button
        size="compact-sm"
        variant="default"
        loading={made.loading}
        onClick={() => void make({ variables: { id } }).catch(() => undefined)}
      >
        {chat.inviteLink}
      </Button>
      {url && <NewLink url={url} />}
      <form onSubmit={submit}>
        <TextInput name="email" type="email" required withAsterisk={false} label={session.email} />
        <Button mt={4} size="compact-sm" variant="default" type="submit" fullWidth loading={mailed.loading}>
          {chat.inviteMail}
        </Button>
      </form>
      {mailed.data && (
        <Text size="sm" role="status">
          {chat.mailSent}
        </Text>
      )}
      <Problem error={made.error ?? mailed.error} />
    </Stack>
  );
}
