import { useQuery } from '@apollo/client/react';
import { Alert, Button, FileButton, Group, List, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useIsSignedIn, useSextant, useUpload } from '@sextant/client/react';
import { CircleAlert, CircleCheck, FileText, MessageSquare } from 'lucide-react';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useLocation } from 'wouter';
import { messageOf } from '../frame/message-of.ts';
import { useTitle } from '../frame/title.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useStrings } from '../strings/strings.tsx';
import { MakeFirstAdminDocument, SignInOptionsDocument, WhatIsThereDocument } from './account.generated.ts';
import { Page } from './page.tsx';

/** Makes the first administrator, says what is there and what is missing, and asks about a document. */
export function FirstRun() {
  const { firstRun } = useStrings();
  const signedIn = useIsSignedIn();
  useTitle(firstRun.title);
  return (
    <Page title={firstRun.title} wide>
      {signedIn ? <Checks /> : <Account />}
    </Page>
  );
}

function Account() {
  const { firstRun, session } = useStrings();
  const sextant = useSextant();
  const { data } = useQuery(SignInOptionsDocument);
  const [make, { loading }] = useMutation(MakeFirstAdminDocument);
  const [problem, setProblem] = useState<string>();
  const token = new URLSearchParams(window.location.search).get('token');
  if (!token) return <Alert color="yellow">{firstRun.noToken}</Alert>;

  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = new FormData(event.currentTarget);
    const [email, password] = [String(values.get('email')), String(values.get('password'))];
    try {
      const { data: made } = await make({ variables: { input: { token, email, password } } });
      sextant.session.adopt(made!.createFirstAdmin!.tokens);
      // The link is used up, and does not belong into a history.
      window.history.replaceState(null, '', '/first-run');
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <Text>{firstRun.intro}</Text>
        {problem && (
          <Alert color="red" role="alert">
            {problem}
          </Alert>
        )}
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
          autoComplete="new-password"
          description={session.passwordHint(data?.signInOptions?.passwordMinLength ?? 15)}
          minLength={data?.signInOptions?.passwordMinLength}
          required
          withAsterisk={false}
        />
        <Button type="submit" loading={loading}>
          {firstRun.create}
        </Button>
      </Stack>
    </form>
  );
}

function Checks() {
  const { firstRun, common } = useStrings();
  const { data } = useQuery(WhatIsThereDocument, { pollInterval: 5_000 });
  const [, go] = useLocation();
  const { upload, progress } = useUpload('document');
  const [problem, setProblem] = useState<string>();
  const [isAdding, setIsAdding] = useState(false);
  const models = data?.models ?? [];
  const index = data?.memoryStatus?.indexes[0];

  const ask = async (work: () => Promise<unknown>, question: string) => {
    setIsAdding(true);
    setProblem(undefined);
    try {
      await work();
      go(`/chat?ask=${encodeURIComponent(question)}`);
    } catch (error) {
      setProblem(messageOf(error));
      setIsAdding(false);
    }
  };
  // Uploaded as a person's own would be, because that waits until it can be searched.
  const sample = () => new File([firstRun.sampleText], `${firstRun.sampleTitle}.md`, { type: 'text/markdown' });
  return (
    <Stack>
      <Title order={2} size="h4">
        {firstRun.checks}
      </Title>
      <List spacing="sm" center={false}>
        <Check good={models.length > 0} title={firstRun.models}>
          {models.length > 0 ? models.map(({ id }) => id).join(', ') : data ? firstRun.noModels : common.loading}
        </Check>
        <Check good={index?.upToDate ?? false} title={firstRun.memory}>
          {index
            ? index.upToDate
              ? firstRun.memoryReady(index.model)
              : firstRun.memoryBusy(index.done, index.total)
            : common.loading}
        </Check>
        <Check good={data?.vectorStore?.status === 'UP'} title={firstRun.store}>
          {data?.vectorStore
            ? data.vectorStore.status === 'UP'
              ? data.vectorStore.kind.toLowerCase()
              : (data.vectorStore.detail ?? firstRun.storeDown)
            : common.loading}
        </Check>
      </List>
      <Title order={2} size="h4" mt="sm">
        {firstRun.sample}
      </Title>
      <Text size="sm">{firstRun.sampleHint}</Text>
      {problem && (
        <Alert color="red" role="alert">
          {problem}
        </Alert>
      )}
      <Group>
        <Button
          leftSection={<FileText size={16} />}
          loading={isAdding}
          onClick={() => ask(() => upload(sample()), firstRun.sampleQuestion)}
        >
          {firstRun.takeSample}
        </Button>
        <FileButton onChange={(file) => file && ask(() => upload(file), '')}>
          {(props) => (
            <Button variant="default" loading={progress !== undefined} {...props}>
              {firstRun.ownDocument}
            </Button>
          )}
        </FileButton>
        <Button variant="subtle" leftSection={<MessageSquare size={16} />} onClick={() => go('/chat')}>
          {firstRun.start}
        </Button>
      </Group>
    </Stack>
  );
}

function Check({ good, title, children }: { good: boolean; title: string; children: ReactNode }) {
  return (
    <List.Item
      icon={
        good ? (
          <CircleCheck size={20} color="var(--mantine-color-teal-filled)" aria-hidden />
        ) : (
          <CircleAlert size={20} color="var(--mantine-color-orange-filled)" aria-hidden />
        )
      }
    >
      <Text fw={600} span>
        {title}
      </Text>
      <Text size="sm">{children}</Text>
    </List.Item>
  );
}
