import { useQuery } from '@apollo/client/react';
import { Button, Group, Loader, Paper, SegmentedControl, Select, Switch, Table, Text, Title } from '@mantine/core';
import { Download } from 'lucide-react';
import { useMemo, useState } from 'react';
import { Heading } from '../frame/heading.tsx';
import { Problem } from '../frame/problem.tsx';
import { saveText } from '../frame/save.ts';
import { useViewer } from '../frame/viewer.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { Budgets } from './budgets.tsx';
import { Chart } from './chart.tsx';
import { Feedback } from './feedback.tsx';
import { UsageOfDocument, type UsageOfQueryVariables } from './usage.generated.ts';

const DAY_MS = 86_400_000;
const PERIODS = { day: 1, week: 7, month: 30, year: 365 } as const;
type Period = keyof typeof PERIODS;
type Dimension = UsageOfQueryVariables['by'];
type Measure = 'cost' | 'calls' | 'tokens';

/** Shows what the models cost, how much they wrote and how fast, over time and by what. */
export function Usage() {
  const { usage, pages } = useStrings();
  const format = useFormat();
  const viewer = useViewer();
  const [period, setPeriod] = useState<Period>('month');
  const [by, setBy] = useState<Dimension>('MODEL');
  const [everybody, setEverybody] = useState(false);
  const [measure, setMeasure] = useState<Measure>('tokens');
  const variables = useMemo(() => {
    // Whole minutes, so that the same page is the same question.
    const now = Math.ceil(Date.now() / 60_000) * 60_000;
    const from = new Date(now - PERIODS[period] * DAY_MS).toISOString();
    const interval = period === 'day' ? ('HOUR' as const) : ('DAY' as const);
    return { filter: { from, to: new Date(now).toISOString(), everybody }, interval, by };
  }, [period, by, everybody]);
  const { data, previousData, loading, error } = useQuery(UsageOfDocument, { variables });
  const shown = data ?? previousData;
  const totals = shown?.usage;
  const points = (shown?.usageSeries ?? []).map(({ at, totals: one }) => ({
    at,
    value: measure === 'cost' ? Number(one.cost) : measure === 'calls' ? one.calls : one.inputTokens + one.outputTokens,
  }));
  const rows = shown?.usageBreakdown ?? [];
  const csv = () => {
    const head = [
      'from',
      'to',
      usage.dimensions[by],
      'calls',
      'inputTokens',
      'outputTokens',
      'cost',
      'currency',
      'errors',
    ];
    const lines = rows.map(({ key, totals: one }) => [
      variables.filter.from,
      variables.filter.to,
      key,
      one.calls,
      one.inputTokens,
      one.outputTokens,
      one.cost,
      one.currency,
      one.errors,
    ]);
    const text = [head, ...lines].map((line) => line.map(cell).join(',')).join('\r\n');
    saveText(`usage-${period}.csv`, 'text/csv', `${text}\r\n`);
  };
  return (
    <>
      <Heading title={pages.usage}>
        <Button variant="default" leftSection={<Download size={16} />} onClick={csv} disabled={rows.length === 0}>
          {usage.csv}
        </Button>
      </Heading>
      <Group mb="md">
        <SegmentedControl
          aria-label={usage.period}
          value={period}
          onChange={(value) => setPeriod(value as Period)}
          data={(Object.keys(PERIODS) as Period[]).map((value) => ({ value, label: usage[value] }))}
        />
        {viewer?.isAdmin && (
          <Switch
            label={usage.everybody}
            checked={everybody}
            onChange={(event) => setEverybody(event.currentTarget.checked)}
          />
        )}
      </Group>
      <Problem error={error} />
      {totals && (
        <dl className="figures">
          <Figure name={usage.cost} value={format.money(totals.cost, totals.currency)} />
          <Figure name={usage.calls} value={format.compact(totals.calls)} />
          <Figure name={usage.tokens} value={format.compact(totals.inputTokens + totals.outputTokens)} />
          <Figure name={usage.latency} value={format.seconds(totals.latency.p50)} />
          <Figure name={usage.firstToken} value={format.seconds(totals.timeToFirstToken.p50)} />
          <Figure name={usage.errors} value={format.compact(totals.errors)} />
        </dl>
      )}
      {totals && totals.unpriced > 0 && (
        <Text size="sm" mt="xs">
          {usage.unpriced(totals.unpriced)}
        </Text>
      )}
      <Group justify="space-between" mt="lg" mb="xs">
        <Title order={2} size="h4">
          {usage.overTime}
        </Title>
        <SegmentedControl
          size="xs"
          aria-label={usage.overTime}
          value={measure}
          onChange={(value) => setMeasure(value as Measure)}
          data={(['tokens', 'calls', 'cost'] as const).map((value) => ({ value, label: usage[value] }))}
        />
      </Group>
      <Paper withBorder p="sm">
        {shown ? (
          <Chart points={points} label={`${usage.overTime}: ${usage[measure]}`} />
        ) : (
          loading && <Loader size="sm" />
        )}
      </Paper>
      <Group mt="lg" mb="xs">
        <Select
          aria-label={usage.by}
          leftSection={<Text size="xs">{usage.by}</Text>}
          leftSectionWidth={48}
          w={200}
          allowDeselect={false}
          value={by}
          onChange={(value) => setBy(value as Dimension)}
          data={(Object.entries(usage.dimensions) as [Dimension, string][])
            .filter(([value]) => value !== 'USER' || viewer?.isAdmin)
            .map(([value, label]) => ({ value, label }))}
        />
      </Group>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys. */}
      <div className="wide" tabIndex={0} role="group" aria-label={usage.by}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{usage.dimensions[by]}</Table.Th>
              <Table.Th ta="right">{usage.calls}</Table.Th>
              <Table.Th ta="right">{usage.tokens}</Table.Th>
              <Table.Th ta="right">{usage.cost}</Table.Th>
              <Table.Th ta="right">{usage.latency}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(({ key, user, totals: one }) => (
              <Table.Tr key={key}>
                <Table.Td className="named" dir="auto">
                  {user?.displayName ?? key}
                </Table.Td>
                <Table.Td ta="right">{format.number(one.calls)}</Table.Td>
                <Table.Td ta="right">{format.compact(one.inputTokens + one.outputTokens)}</Table.Td>
                <Table.Td ta="right">{format.money(one.cost, one.currency)}</Table.Td>
                <Table.Td ta="right">{format.seconds(one.latency.p50)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      {shown && rows.length === 0 && <Text size="sm">{usage.none}</Text>}
      {viewer?.isAdmin && <Feedback from={variables.filter.from} to={variables.filter.to} />}
      <Budgets isAdmin={viewer?.isAdmin ?? false} />
    </>
  );
}

function Figure({ name, value }: { name: string; value: string }) {
  return (
    <Paper withBorder p="sm">
      <Text component="dt" size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="dd" m={0} size="xl" fw={600}>
        {value}
      </Text>
    </Paper>
  );
}

/** A cell that begins like a formula would be one in a spreadsheet. */
const cell = (value: string | number): string => {
  const text = String(value);
  const safe = typeof value === 'string' && /^[=+\-@\t]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
};
