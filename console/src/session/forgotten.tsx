import { Alert, Anchor, Button, Stack, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { messageOf } from '../frame/message-of.ts';
import { useTitle } from '../frame/title.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useStrings } from '../strings/strings.tsx';
import { AskForResetDocument } from './account.generated.ts';
import { Page } from './page.tsx';

/** Sends a link for a new password to the address of an account. */
export function Forgotten({ back }: { back(): void }) {
  const { session } = useStrings();
  const [ask, { loading }] = useMutation(AskForResetDocument);
  const [problem, setProblem] = useState<string>();
  const [isAsked, setIsAsked] = useState(false);
  useTitle(session.forgotten);
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    setProblem(undefined);
    const email = String(new FormData(event.currentTarget).get('email'));
    await ask({ variables: { email } }).then(
      () => setIsAsked(true),
      (error: unknown) => setProblem(messageOf(error)),
    );
  };
  return (
    <Page title={session.forgotten}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm">{session.forgottenHint}</Text>
          {problem && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          {isAsked && <Alert role="status">{session.resetAsked}</Alert>}
          <TextInput
            name="email"
            type="email"
            label={session.email}
            autoComplete="username"
            required
            withAsterisk={false}
            autoFocus
          />
          <Button type="submit" loading={loading}>
            {session.sendLink}
          </Button>
          <Anchor component="button" type="button" size="sm" underline="always" onClick={back}>
            {session.signIn}
          </Anchor>
        </Stack>
      </form>
    </Page>
  );
}
