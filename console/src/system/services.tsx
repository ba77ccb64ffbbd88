import { useSubscription } from '@apollo/client/react';
import { Badge, Table, Text, Title } from '@mantine/core';
import { Problem } from '../frame/problem.tsx';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { ServicesStatusDocument, type ServicesStatusSubscription } from './system.generated.ts';

type Process = ServicesStatusSubscription['servicesStatus']['nodes'][number];

const COLOURS = { HEALTHY: 'teal', DEGRADED: 'orange', SILENT: 'red' } as const;

/** Shows every process of the installation, as it was a few seconds ago. */
export function Services() {
  const { system } = useStrings();
  const { data, error } = useSubscription(ServicesStatusDocument, { fetchPolicy: 'no-cache' });
  const { nodes, missing } = data?.servicesStatus ?? { nodes: [], missing: [] };
  return (
    <section>
      <Title order={2} size="h4" mb="xs">
        {system.services}
      </Title>
      <Problem error={error} />
      {missing.length > 0 && (
        <Text className="failed" role="alert">
          {system.missing(missing.join(', '))}
        </Text>
      )}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys. */}
      <div className="wide" tabIndex={0} role="group" aria-label={system.services}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{system.service}</Table.Th>
              <Table.Th>{system.state}</Table.Th>
              <Table.Th visibleFrom="sm">{system.started}</Table.Th>
              <Table.Th ta="right">{system.loopDelay}</Table.Th>
              <Table.Th ta="right">{system.memory}</Table.Th>
              <Table.Th ta="right">{system.subscriptions}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {nodes.map((one) => (
              <Row key={one.id} process={one} />
            ))}
          </Table.Tbody>
        </Table>
      </div>
    </section>
  );
}

function Row({ process }: { readonly process: Process }) {
  const { system } = useStrings();
  const format = useFormat();
  const down = [
    ...process.checks.flatMap(({ name, isUp, detail }) => (isUp ? [] : [detail ? `${name}: ${detail}` : name])),
    ...process.unavailable,
  ];
  return (
    <Table.Tr>
      <Table.Td>
        {process.service}
        <br />
        <small>
          {process.instance} · {process.version} · Node {process.nodeVersion}
        </small>
        {down.length > 0 && (
          <Text size="xs" className="failed">
            {down.join(' · ')}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Badge variant="light" color={COLOURS[process.status]}>
          {system.serviceStatus[process.status]}
        </Badge>
      </Table.Td>
      <Table.Td visibleFrom="sm">{format.time(process.startedAt)}</Table.Td>
      <Table.Td ta="right">{format.number(Math.round(process.eventLoopDelayMs))} ms</Table.Td>
      <Table.Td ta="right">{format.number(Math.round(process.memoryBytes / 1e6))} MB</Table.Td>
      <Table.Td ta="right">{format.number(process.subscriptions)}</Table.Td>
    </Table.Tr>
  );
}
