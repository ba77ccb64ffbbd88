import { useQuery } from '@apollo/client/react';
import { Badge, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { Archive } from 'lucide-react';
import { useEffect } from 'react';
import { Problem } from '../frame/problem.tsx';
import { useAction } from '../frame/use-action.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import {
  type BackupRowFragment,
  BackupsDocument,
  MakeBackupDocument,
  RestoreBackupDocument,
} from './vectors.generated.ts';

const COLOURS = { RUNNING: 'blue', SUCCEEDED: 'teal', FAILED: 'red' } as const;

/** Shows the store behind all collections and its backups, for administrators. */
export function Backups() {
  const { vectors, common } = useStrings();
  const format = useFormat();
  const { data, error, refetch, startPolling, stopPolling } = useQuery(BackupsDocument);
  const [make] = useMutation(MakeBackupDocument);
  const making = useAction(() => make().then(() => refetch()));
  const backups = data?.vectorBackups ?? [];
  const isBusy = backups.some(({ status }) => status === 'RUNNING');
  useEffect(() => {
    if (isBusy) startPolling(1_000);
    return stopPolling;
  }, [isBusy, startPolling, stopPolling]);
  const store = data?.vectorStore;
  return (
    <section aria-label={vectors.backups}>
      <Group justify="space-between" mt="xl" mb="xs">
        <Title order={2} size="h4">
          {vectors.backups}
        </Title>
        <Button
          variant="default"
          leftSection={<Archive size={16} />}
          loading={making.isRunning || isBusy}
          onClick={() => making.run()}
        >
          {vectors.backup}
        </Button>
      </Group>
      <Text size="sm" mb="sm">
        {vectors.backupHint}
        {store?.stats &&
          ` ${vectors.stored(
            format.number(store.stats.objects),
            store.stats.diskBytes == null ? '' : format.bytes(store.stats.diskBytes),
          )}`}
      </Text>
      <Problem error={error ?? store?.detail} />
      {data && backups.length === 0 && <Text>{common.nothing}</Text>}
      <Stack gap="sm">
        {backups.map((backup) => (
          <Row key={backup.id} backup={backup} />
        ))}
      </Stack>
    </section>
  );
}

function Row({ backup: { id, status, startedAt, bytes, error } }: { readonly backup: BackupRowFragment }) {
  const { vectors } = useStrings();
  const format = useFormat();
  const [restore] = useMutation(RestoreBackupDocument);
  const restoring = useAction(() => restore({ variables: { id } }));
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between">
        <div>
          <Group gap="xs">
            <Text fw={600}>{id}</Text>
            <Badge variant="light" color={COLOURS[status]}>
              {vectors.backupStates[status]}
            </Badge>
          </Group>
          <Text size="sm">
            {format.time(startedAt)}
            {bytes != null && ` · ${format.bytes(bytes)}`}
          </Text>
          {error && (
            <Text size="sm" className="failed">
              {error}
            </Text>
          )}
        </div>
        {status === 'SUCCEEDED' && (
          <Button
            size="compact-sm"
            variant="default"
            aria-label={`${vectors.restore}: ${id}`}
            loading={restoring.isRunning}
            onClick={() => window.confirm(vectors.restoreAsk(id)) && restoring.run()}
          >
            {vectors.restore}
          </Button>
        )}
      </Group>
    </Paper>
  );
}
