import { Alert, Button, Checkbox, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useSextant } from '@sextant/client/react';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Heading } from '../frame/heading.tsx';
import { Problem } from '../frame/problem.tsx';
import { useMutation } from '../frame/use-mutation.ts';
import { useViewer } from '../frame/viewer.ts';
import { useStrings } from '../strings/strings.tsx';
import {
  AskForAddressDocument,
  ChangePasswordDocument,
  DeleteAccountDocument,
  RenameViewerDocument,
} from './account.generated.ts';
import { Connections } from './connections.tsx';

/** Shows the person's own account: name, address, password, and its end. */
export function Account() {
  const { account, session, common } = useStrings();
  const sextant = useSextant();
  const viewer = useViewer();
  const [rename] = useMutation(RenameViewerDocument);
  const [askForAddress] = useMutation(AskForAddressDocument);
  const [changePassword] = useMutation(ChangePasswordDocument);
  const [deleteAccount] = useMutation(DeleteAccountDocument);
  if (!viewer) return <Heading title={session.account} />;
  const current = (
    <PasswordInput
      name="current"
      label={account.current}
      autoComplete="current-password"
      required
      withAsterisk={false}
    />
  );
  return (
    <Stack maw={560}>
      <Heading title={session.account} />
      <Part
        title={session.name}
        action={common.save}
        submit={async (values) => {
          await rename({ variables: { displayName: values.name! } });
          return account.saved;
        }}
      >
        <TextInput
          name="name"
          aria-label={session.name}
          autoComplete="name"
          defaultValue={viewer.displayName}
          maxLength={80}
          required
        />
      </Part>
      <Part
        title={account.address}
        action={account.changeAddress}
        submit={async ({ email, current: password }) => {
          await askForAddress({ variables: { input: { email: email!, password: password! } } });
          return account.addressAsked(email!);
        }}
      >
        <Text size="sm">{account.addressHint(viewer.email ?? '')}</Text>
        <TextInput
          name="email"
          type="email"
          label={account.newAddress}
          autoComplete="email"
          required
          withAsterisk={false}
        />
        {current}
      </Part>
      <Part
        title={session.password}
        action={account.changePassword}
        submit={async ({ current: currentPassword, next, keys }) => {
          const input = {
            currentPassword: currentPassword!,
            newPassword: next!,
            revokeApiKeys: keys === 'on',
          };
          const { data } = await changePassword({ variables: { input } });
          return account.passwordChanged(data?.changePassword?.endedSessions ?? 0);
        }}
      >
        {current}
        <PasswordInput
          name="next"
          label={account.newPassword}
          autoComplete="new-password"
          required
          withAsterisk={false}
        />
        <Checkbox name="keys" label={account.revokeKeys} />
      </Part>
      <Connections />
      <Part
        title={account.remove}
        action={account.remove}
        isDangerous
        submit={async ({ current: password }) => {
          if (!window.confirm(account.removeAsk)) return undefined;
          await deleteAccount({ variables: { password: password! } });
          await sextant.session.signOut();
          return undefined;
        }}
      >
        <Text size="sm">{account.removeHint}</Text>
        {current}
      </Part>
    </Stack>
  );
}

/** A part of the account, with a form of its own. `submit` returns what to say when it is done. */
function Part({
  title,
  action,
  isDangerous = false,
  submit,
  children,
}: {
  title: string;
  action: string;
  isDangerous?: boolean;
  submit(values: Readonly<Record<string, string>>): Promise<string | undefined>;
  children: ReactNode;
}) {
  const [problem, setProblem] = useState<unknown>();
  const [notice, setNotice] = useState<string>();
  const [isBusy, setIsBusy] = useState(false);
  const run = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    setIsBusy(true);
    setProblem(undefined);
    setNotice(undefined);
    try {
      setNotice(await submit(Object.fromEntries(new FormData(form)) as Record<string, string>));
      form.reset();
    } catch (error) {
      setProblem(error);
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <Paper component="section" withBorder p="md" aria-label={title}>
      <form onSubmit={run}>
        <Stack gap="sm" align="stretch">
          <Title order={2} size="h5">
            {title}
          </Title>
          <Problem error={problem} />
          {notice && <Alert role="status">{notice}</Alert>}
          {children}
          <div>
            <Button
              type="submit"
              loading={isBusy}
              variant={isDangerous ? 'outline' : 'filled'}
              {...(isDangerous && { color: 'red' })}
            >
              {action}
            </Button>
          </div>
        </Stack>
      </form>
    </Paper>
  );
}
