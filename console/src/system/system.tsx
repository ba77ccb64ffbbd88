import { useQuery } from '@apollo/client/react';
import { Badge, Button, Group, Loader, Paper, Progress, Stack, Table, Text, Title } from '@mantine/core';
import { SquareTerminal } from 'lucide-react';
import { useEffect, useState } from 'react';
import { Heading } from '../frame/heading.tsx';
import { Problem } from '../frame/problem.tsx';
import { useMutation } from '../frame/use-mutation.ts';
import { useViewer } from '../frame/viewer.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { Services } from './services.tsx';
import {
  DropParkedDocument,
  RetryParkedDocument,
  SystemStateDocument,
  type SystemStateQuery,
} from './system.generated.ts';
import { Traces } from './traces.tsx';

type DeploymentRow = NonNullable<SystemStateQuery['llmHealth']>[number];
type ParkedRow = NonNullable<SystemStateQuery['parkedWork']>['nodes'][number];

/** Shows how the installation is, for administrators. */
export function System() {
  const { system, pages } = useStrings();
  const viewer = useViewer();
  if (viewer?.isAdmin) return <Installation />;
  return (
    <>
      <Heading title={pages.system} />
      {viewer ? <Text>{system.forAdministrators}</Text> : <Loader size="sm" />}
    </>
  );
}

function Installation() {
  const { system, pages } = useStrings();
  const { data, error, refetch } = useQuery(SystemStateDocument, { pollInterval: 5_000 });
  const [hasExplorer, setHasExplorer] = useState(false);
  useEffect(() => {
    // It is off in production.
    void fetch('/explorer', { method: 'HEAD' }).then(
      ({ ok }) => setHasExplorer(ok),
      () => undefined,
    );
  }, []);
  return (
    <>
      <Heading title={pages.system}>
        {hasExplorer && (
          <Button component="a" href="/explorer" variant="default" leftSection={<SquareTerminal size={16} />}>
            {system.explorer}
          </Button>
        )}
      </Heading>
      <Problem error={error} />
      <Stack gap="xl">
        <Health />
        <Services />
        <Traces />
        <section>
          <Title order={2} size="h4" mb="xs">
            {system.models}
          </Title>
          <Deployments deployments={data?.llmHealth ?? []} />
        </section>
        <section>
          <Title order={2} size="h4" mb="xs">
            {system.memoryIndex}
          </Title>
          {data?.memoryStatus?.indexes.map(({ name, model, done, total }) => (
            <div key={name}>
              <Group justify="space-between">
                <Text size="sm">
                  {name} · {model}
                </Text>
                <Text size="sm">{system.indexed(done, total)}</Text>
              </Group>
              <Progress value={total === 0 ? 100 : (100 * done) / total} aria-label={name} />
            </div>
          ))}
        </section>
        <section>
          <Title order={2} size="h4" mb="xs">
            {system.parked}
          </Title>
          <Parked
            work={data?.parkedWork?.nodes ?? []}
            unreachable={data?.parkedWork?.unreachable ?? []}
            changed={() => void refetch()}
          />
        </section>
      </Stack>
    </>
  );
}

interface HealthReport {
  readonly checks?: Readonly<Record<string, { readonly status: string; readonly detail?: string }>>;
}

/** What /health says: the same that a balancer reads. */
function Health() {
  const { system } = useStrings();
  const [report, setReport] = useState<HealthReport>();
  useEffect(() => {
    const read = async () => setReport((await (await fetch('/health')).json()) as HealthReport);
    const ignore = () => undefined;
    void read().catch(ignore);
    const timer = setInterval(() => void read().catch(ignore), 5_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <section>
      <Title order={2} size="h4" mb="xs">
        {system.health}
      </Title>
      <div className="figures">
        {Object.entries(report?.checks ?? {}).map(([name, { status, detail }]) => (
          <Paper key={name} withBorder p="sm">
            <Group justify="space-between">
              <Text>{name}</Text>
              <Badge variant="light" color={status === 'up' ? 'teal' : 'red'}>
                {status === 'up' ? system.up : system.down}
              </Badge>
            </Group>
            {detail && <Text size="xs">{detail}</Text>}
          </Paper>
        ))}
      </div>
    </section>
  );
}

const COLOURS = { UP: 'teal', DEGRADED: 'orange', DOWN: 'red', UNKNOWN: 'gray' } as const;

function Deployments({ deployments }: { deployments: readonly DeploymentRow[] }) {
  const { system } = useStrings();
  const format = useFormat();
  if (deployments.length === 0) return <Text>{system.noModels}</Text>;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys.
    <div className="wide" tabIndex={0} role="group" aria-label={system.models}>
      <Table>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{system.model}</Table.Th>
            <Table.Th>{system.state}</Table.Th>
            <Table.Th ta="right">{system.calls}</Table.Th>
            <Table.Th ta="right">{system.failures}</Table.Th>
            <Table.Th ta="right">{system.inFlight}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {deployments.map((one) => (
            <Table.Tr key={one.deployment}>
              <Table.Td>
                {one.aliases.join(', ')}
                <br />
                <small>
                  {one.provider} · {one.model}
                </small>
                {one.lastErrorMessage && (
                  <Text size="xs" className="failed">
                    {one.lastErrorMessage}
                  </Text>
                )}
              </Table.Td>
              <Table.Td>
                <Badge variant="light" color={COLOURS[one.health]}>
                  {system.circuits[one.state]}
                </Badge>
              </Table.Td>
              <Table.Td ta="right">{format.number(one.calls)}</Table.Td>
              <Table.Td ta="right">{format.number(one.failures)}</Table.Td>
              <Table.Td ta="right">{format.number(one.inFlight)}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Parked({
  work,
  unreachable,
  changed,
}: {
  work: readonly ParkedRow[];
  unreachable: readonly string[];
  changed(): void;
}) {
  const { system } = useStrings();
  const format = useFormat();
  const [retry] = useMutation(RetryParkedDocument);
  const [drop] = useMutation(DropParkedDocument);
  return (
    <Stack gap="sm">
      {unreachable.length > 0 && <Text role="status">{system.parkedUnreachable(unreachable.join(', '))}</Text>}
      {unreachable.length + work.length === 0 && <Text>{system.parkedNone}</Text>}
      {work.map(({ id, subgraph, kind, attempts, parkedAt, problem }) => (
        <Paper key={id} withBorder p="sm">
          <Group justify="space-between">
            <div>
              <Text fw={600}>
                {subgraph} · {kind}
              </Text>
              <Text size="sm">
                {format.time(parkedAt)} · {attempts} · {problem}
              </Text>
            </div>
            <Group gap="xs">
              <Button
                size="compact-sm"
                aria-label={`${system.retry}: ${kind}`}
                onClick={() => void retry({ variables: { ids: [id] } }).then(changed)}
              >
                {system.retry}
              </Button>
              <Button
                size="compact-sm"
                variant="default"
                aria-label={`${system.drop}: ${kind}`}
                onClick={() => void drop({ variables: { ids: [id] } }).then(changed)}
              >
                {system.drop}
              </Button>
            </Group>
          </Group>
        </Paper>
      ))}
    </Stack>
  );
}
