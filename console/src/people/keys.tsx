import { useQuery } from '@apollo/client/react';
import { Alert, Button, Code, Group, MultiSelect, PasswordInput, Stack, Table, Text, TextInput } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { Problem } from '../frame/problem.tsx';
import { useMutation } from '../frame/use-mutation.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { EndKeyDocument, KeysDocument, MakeKeyDocument, type Scope } from './people.generated.ts';

/** What a key may be given; the server knows the same names. */
const SCOPES: Scope[] = [
  'CHAT_READ',
  'CHAT_WRITE',
  'MEMORY_READ',
  'MEMORY_WRITE',
  'VECTOR_READ',
  'VECTOR_WRITE',
  'VISION_READ',
  'VISION_WRITE',
  'ANALYTICS_READ',
];

/** Shows the person's API keys, makes and ends them. */
export function Keys() {
  const { people, session, common } = useStrings();
  const format = useFormat();
  const { data, error, refetch } = useQuery(KeysDocument);
  const [make, { loading }] = useMutation(MakeKeyDocument);
  const [end] = useMutation(EndKeyDocument);
  const [scopes, setScopes] = useState<Scope[]>(SCOPES);
  const [secret, setSecret] = useState<string>();
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const form = event.currentTarget;
    const values = new FormData(form);
    const [name, password] = [String(values.get('name')), String(values.get('password') ?? '')];
    try {
      const { data: made } = await make({ variables: { input: { name, scopes, ...(password && { password }) } } });
      setSecret(made?.createApiKey?.secret);
      setProblem(undefined);
      form.reset();
      await refetch();
    } catch (thrown) {
      setProblem(thrown);
    }
  };
  return (
    <Stack>
      <Problem error={problem ?? error} />
      {secret && (
        <Alert role="status" title={people.secret}>
          <Code block>{secret}</Code>
        </Alert>
      )}
      {data?.apiKeys?.nodes.length === 0 && <Text>{common.nothing}</Text>}
      <Table verticalSpacing="sm">
        <Table.Tbody>
          {data?.apiKeys?.nodes.map((key) => (
            <Table.Tr key={key.id}>
              <Table.Td className="named">
                <bdi>{key.name}</bdi>
                <br />
                <Code>
                  {key.prefix}…{key.last4}
                </Code>
              </Table.Td>
              <Table.Td visibleFrom="sm">{key.scopes.join(', ')}</Table.Td>
              <Table.Td>
                {people.expires} {format.day(key.expiresAt)}
              </Table.Td>
              <Table.Td>
                <Button
                  size="compact-sm"
                  variant="default"
                  aria-label={`${people.revoke}: ${key.name}`}
                  onClick={() => void end({ variables: { id: key.id } }).then(() => refetch())}
                >
                  {people.revoke}
                </Button>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <form onSubmit={submit}>
        <Group align="flex-end">
          <TextInput name="name" label={people.keyName} required withAsterisk={false} />
          <MultiSelect label={people.scopes} data={SCOPES} value={scopes} onChange={setScopes} maw={420} />
          <PasswordInput name="password" label={session.password} autoComplete="current-password" w={180} />
          <Button type="submit" loading={loading}>
            {people.createKey}
          </Button>
        </Group>
      </form>
    </Stack>
  );
}
