import { useQuery } from '@apollo/client/react';
import { ActionIcon, Badge, Button, Group, Menu, Modal, PasswordInput, Stack, Table, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { Ellipsis, Search, UserPlus } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { added, More } from '../frame/more.tsx';
import { NewLink } from '../frame/new-link.tsx';
import { Problem } from '../frame/problem.tsx';
import { useReturnFocus } from '../frame/return-focus.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import {
  AddUserDocument,
  GiveRolesDocument,
  MakePasswordLinkDocument,
  OpenAccountDocument,
  ShutAccountDocument,
  UsersDocument,
} from './people.generated.ts';

/** Shows the accounts of this installation, for administrators. */
export function UsersTable({ viewerId }: { readonly viewerId: string }) {
  const { people, common } = useStrings();
  const format = useFormat();
  const [text, setText] = useState('');
  const [search] = useDebouncedValue(text.trim() || null, 300);
  const [isAdding, setIsAdding] = useState(false);
  const { data, previousData, error, refetch, fetchMore } = useQuery(UsersDocument, { variables: { search } });
  const [giveRoles] = useMutation(GiveRolesDocument);
  const [shut] = useMutation(ShutAccountDocument);
  const [open] = useMutation(OpenAccountDocument);
  const [makeLink] = useMutation(MakePasswordLinkDocument);
  const [link, setLink] = useState<string>();
  const [problem, setProblem] = useState<unknown>();
  const users = (data ?? previousData)?.users?.nodes ?? [];
  const run = (work: Promise<unknown>) => void work.catch(setProblem);
  return (
    <>
      <Group mb="md">
        <TextInput
          flex={1}
          type="search"
          aria-label={common.search}
          placeholder={common.search}
          leftSection={<Search size={16} />}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Button leftSection={<UserPlus size={16} />} onClick={() => setIsAdding(true)}>
          {people.add}
        </Button>
      </Group>
      <Problem error={problem ?? error} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys. */}
      <div className="wide" tabIndex={0} role="group" aria-label={people.users}>
        <Table verticalSpacing="sm">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{people.users}</Table.Th>
              <Table.Th>{people.roles}</Table.Th>
              <Table.Th visibleFrom="sm">{people.lastLogin}</Table.Th>
              <Table.Th>{common.actions}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {users.map(({ id, displayName, email, roles, disabledAt, lastLoginAt }) => {
              const isAdmin = roles?.includes('ADMIN') ?? false;
              return (
                <Table.Tr key={id}>
                  <Table.Td className="named">
                    <bdi>{displayName}</bdi>
                    <br />
                    <small>{email}</small>
                  </Table.Td>
                  <Table.Td>
                    <Group gap={4}>
                      {roles?.map((role) => (
                        <Badge key={role} variant="light">
                          {people.role[role]}
                        </Badge>
                      ))}
                      {disabledAt && <Badge color="red">{people.disabled}</Badge>}
                    </Group>
                  </Table.Td>
                  <Table.Td visibleFrom="sm">{lastLoginAt ? format.time(lastLoginAt) : '–'}</Table.Td>
                  <Table.Td>
                    {id !== viewerId && (
                      <Menu position="bottom-end">
                        <Menu.Target>
                          <ActionIcon variant="subtle" color="gray" aria-label={`${common.actions}: ${displayName}`}>
                            <Ellipsis size={16} />
                          </ActionIcon>
                        </Menu.Target>
                        <Menu.Dropdown>
                          <Menu.Item
                            onClick={() =>
                              run(giveRoles({ variables: { id, roles: isAdmin ? ['USER'] : ['USER', 'ADMIN'] } }))
                            }
                          >
                            {isAdmin ? people.makeUser : people.makeAdmin}
                          </Menu.Item>
                          <Menu.Item onClick={() => run((disabledAt ? open : shut)({ variables: { id } }))}>
                            {disabledAt ? people.enable : people.disable}
                          </Menu.Item>
                          <Menu.Item
                            onClick={() =>
                              run(
                                makeLink({ variables: { id } }).then(({ data: made }) =>
                                  setLink(made?.createPasswordLink?.url),
                                ),
                              )
                            }
                          >
                            {people.link}
                          </Menu.Item>
                        </Menu.Dropdown>
                      </Menu>
                    )}
                  </Table.Td>
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
      </div>
      <More
        page={data?.users?.pageInfo}
        load={(after) => fetchMore({ variables: { search, after }, updateQuery: added('users') })}
      />
      {link && (
        <Modal
          opened
          onClose={() => setLink(undefined)}
          title={people.link}
          closeButtonProps={{ 'aria-label': common.close }}
        >
          <NewLink url={link} />
        </Modal>
      )}
      {isAdding && (
        <AddUser
          close={() => {
            setIsAdding(false);
            void refetch();
          }}
        />
      )}
    </>
  );
}

function AddUser({ close }: { close(): void }) {
  const { people, session, common } = useStrings();
  const [add, { loading }] = useMutation(AddUserDocument);
  const [problem, setProblem] = useState<unknown>();
  const submit = async (event: FormEvent<HTMLFormElement>) => {
    event.preventDefault();
    const values = new FormData(event.currentTarget);
    const [email, displayName, password] = ['email', 'name', 'password'].map((name) => String(values.get(name) ?? ''));
    const input = { email: email!, ...(displayName && { displayName }), ...(password && { password }) };
    await add({ variables: { input } }).then(close, setProblem);
  };
  useReturnFocus();
  return (
    <Modal opened onClose={close} title={people.add} closeButtonProps={{ 'aria-label': common.close }}>
      <form onSubmit={submit}>
        <Stack>
          <Problem error={problem} />
          <TextInput name="email" type="email" label={session.email} required withAsterisk={false} data-autofocus />
          <TextInput name="name" label={session.name} />
          <PasswordInput
            name="password"
            label={session.password}
            description={session.passwordHint(15)}
            autoComplete="new-password"
          />
          <Group justify="flex-end">
            <Button type="submit" loading={loading}>
              {common.save}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
