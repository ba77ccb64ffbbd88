import { useQuery } from '@apollo/client/react';
import { Alert, Button, PasswordInput, Stack, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { messageOf } from '../frame/message-of.ts';
import { useTitle } from '../frame/title.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useStrings } from '../strings/strings.tsx';
import {
  ConfirmNewAddressDocument,
  ResetPasswordDocument,
  SignInOptionsDocument,
  VerifyAddressDocument,
} from './account.generated.ts';
import type { MailLinkAddress } from './mail-links.ts';
import { Page } from './page.tsx';

/** Does what a link of a mail is for, after a press of a button: scanners of mail follow every link. */
export function MailLink({ address }: { readonly address: MailLinkAddress }) {
  const { mailLinks, session } = useStrings();
  const { title, intro, action } = mailLinks[address];
  const [, go] = useLocation();
  const { data } = useQuery(SignInOptionsDocument);
  const [reset] = useMutation(ResetPasswordDocument);
  const [verify] = useMutation(VerifyAddressDocument);
  const [change] = useMutation(ConfirmNewAddressDocument);
  const [token] = useState(() => new URLSearchParams(window.location.search).get('token'));
  const [problem, setProblem] = useState<string>();
  const [done, setDone] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  useTitle(title);
  const run = async (token: string, newPassword: string): Promise<string> => {
    switch (address) {
      case '/reset-password':
        await reset({ variables: { input: { token, newPassword } } });
        return mailLinks.passwordSet;
      case '/verify-email': {
        const { data: verified } = await verify({ variables: { token } });
        return mailLinks.confirmed(verified?.verifyEmail?.email ?? '');
      }
      case '/change-email': {
        const { data: changed } = await change({ variables: { token } });
        return mailLinks.changed(changed?.confirmEmailChange?.email ?? '');
      }
    }
  };
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const password = String(new FormData(event.currentTarget).get('password') ?? '');
    setIsBusy(true);
    setProblem(undefined);
    try {
      setDone(await run(token!, password));
      // The link is used up, and does not belong into a history.
      window.history.replaceState(null, '', address);
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <Page title={title}>
      {done ? (
        <Stack>
          <Alert role="status">{done}</Alert>
          <Button onClick={() => go('/chat')}>{mailLinks.goOn}</Button>
        </Stack>
      ) : token ? (
        <form onSubmit={submit}>
          <Stack>
            <Text>{intro}</Text>
            {problem && (
              <Alert color="red" role="alert">
                {problem}
              </Alert>
            )}
            {address === '/reset-password' && (
              <PasswordInput
                name="password"
                label={session.password}
                autoComplete="new-password"
                description={session.passwordHint(data?.signInOptions?.passwordMinLength ?? 15)}
                minLength={data?.signInOptions?.passwordMinLength}
                required
                withAsterisk={false}
                autoFocus
              />
            )}
            <Button type="submit" loading={isBusy}>
              {action}
            </Button>
          </Stack>
        </form>
      ) : (
        <Alert color="yellow">{mailLinks.noToken}</Alert>
      )}
    </Page>
  );
}
