import { useQuery } from '@apollo/client/react';
import { Alert, Anchor, Button, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import { isError } from '@sextant/client';
import { useSextant } from '@sextant/client/react';
import { type FormEvent, Suspense, useState } from 'react';
import { messageOf } from '../frame/message-of.ts';
import { part } from '../frame/part.ts';
import { useTitle } from '../frame/title.ts';
import { useStrings } from '../strings/strings.tsx';
import { SignInOptionsDocument } from './account.generated.ts';
import { Page } from './page.tsx';

const Forgotten = part(() => import('./forgotten.tsx'), 'Forgotten');

/** Signs a person in or up. The page that was asked for stays in the address, and shows afterwards. */
export function SignIn() {
  const { session } = useStrings();
  const sextant = useSextant();
  const { data } = useQuery(SignInOptionsDocument);
  const [isNew, setIsNew] = useState(false);
  const [problem, setProblem] = useState<string>();
  const [notice, setNotice] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const [hasForgotten, setHasForgotten] = useState(false);
  useTitle(session.title);
  const options = data?.signInOptions;

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = new FormData(event.currentTarget);
    const [email, password, displayName] = ['email', 'password', 'name'].map((name) => String(values.get(name) ?? ''));
    setIsBusy(true);
    setProblem(undefined);
    try {
      if (!isNew) return void (await sextant.session.signIn(email!, password!));
      const { emailVerificationRequired } = await sextant.session.signUp(email!, password!, { displayName });
      if (!emailVerificationRequired) return;
      setIsNew(false);
      setNotice(session.checkMail);
    } catch (error) {
      setProblem(isError(error, 'UNAUTHENTICATED') ? session.wrong : messageOf(error));
    } finally {
      setIsBusy(false);
    }
  };

  if (hasForgotten) {
    return (
      <Suspense>
        <Forgotten back={() => setHasForgotten(false)} />
      </Suspense>
    );
  }
  return (
    <Page title={isNew ? session.signUp : session.title}>
      <form onSubmit={submit}>
        <Stack>
          {problem && (
            <Alert color="red" role="alert">
              {problem}
            </Alert>
          )}
          {notice && <Alert role="status">{notice}</Alert>}
          {isNew && <TextInput name="name" label={session.name} autoComplete="name" />}
          <TextInput
            name="email"
            type="email"
            label={session.email}
            autoComplete="username"
            required
            withAsterisk={false}
            autoFocus
          />
          <PasswordInput
            name="password"
            label={session.password}
            autoComplete={isNew ? 'new-password' : 'current-password'}
            description={isNew && options ? session.passwordHint(options.passwordMinLength) : undefined}
            minLength={isNew ? options?.passwordMinLength : undefined}
            required
            withAsterisk={false}
          />
          <Button type="submit" loading={isBusy}>
            {isNew ? session.signUp : session.signIn}
          </Button>
          {!isNew && (
            <Anchor component="button" type="button" size="sm" underline="always" onClick={() => setHasForgotten(true)}>
              {session.forgotten}
            </Anchor>
          )}
          {options?.signup ? (
            <Text size="sm">
              {isNew ? session.hasAccount : session.noAccount}{' '}
              <Anchor component="button" type="button" size="sm" underline="always" onClick={() => setIsNew(!isNew)}>
                {isNew ? session.signIn : session.signUp}
              </Anchor>
            </Text>
          ) : (
            options && <Text size="sm">{session.closed}</Text>
          )}
        </Stack>
      </form>
    </Page>
  );
}
