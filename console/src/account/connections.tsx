import { useMutation, useQuery } from '@apollo/client/react';
import { Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { Problem } from '../frame/problem.tsx';
import { useStrings } from '../strings/strings.tsx';
import {
  type ConnectedServerFragment,
  ConnectServerDocument,
  DisconnectServerDocument,
  ServersToConnectDocument,
} from './account.generated.ts';

/** Shows the accounts at tool servers: connects and disconnects them. Nothing where there is no such server. */
export function Connections() {
  const { account } = useStrings();
  const { data, error, refetch } = useQuery(ServersToConnectDocument);
  const servers = data?.toolServers?.filter(({ connected }) => connected != null) ?? [];
  if (servers.length === 0 && !error) return null;
  return (
    <Paper component="section" withBorder p="md" aria-label={account.connections}>
      <Stack gap="sm">
        <Title order={2} size="h5">
          {account.connections}
        </Title>
        <Text size="sm">{account.connectionsHint}</Text>
        <Problem error={error} />
        {servers.map((server) => (
          <Connection key={server.name} server={server} changed={() => void refetch()} />
        ))}
      </Stack>
    </Paper>
  );
}

function Connection({ server, changed }: { server: ConnectedServerFragment; changed(): void }) {
  const { account } = useStrings();
  const [connect, connecting] = useMutation(ConnectServerDocument);
  const [disconnect, disconnecting] = useMutation(DisconnectServerDocument);
  const variables = { name: server.name };
  const begin = async () => {
    const { data } = await connect({ variables }).catch(() => ({ data: undefined }));
    const url = data?.connectToolServer?.authorizationUrl;
    if (url) window.location.assign(url);
  };
  const end = async () => {
    await disconnect({ variables }).catch(() => undefined);
    changed();
  };
  return (
    <>
      <Problem error={connecting.error ?? disconnecting.error} />
      <Group justify="space-between">
        <div>
          <Text>{server.name}</Text>
          {server.description && (
            <Text size="sm" c="dimmed">
              {server.description}
            </Text>
          )}
        </div>
        {server.connected ? (
          <Button variant="default" loading={disconnecting.loading} onClick={() => void end()}>
            {account.disconnect(server.name)}
          </Button>
        ) : (
          <Button loading={connecting.loading} onClick={() => void begin()}>
            {account.connect(server.name)}
          </Button>
        )}
      </Group>
    </>
  );
}
