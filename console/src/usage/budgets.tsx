import { useQuery } from '@apollo/client/react';
import { Button, Group, NumberInput, Paper, Progress, Select, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Problem } from '../frame/problem.tsx';
import { useMutation } from '../frame/use-mutation.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { BudgetsDocument, MakeBudgetDocument, RemoveBudgetDocument } from './usage.generated.ts';

/** Shows how much of each budget is spent; administrators set them. */
export function Budgets({ isAdmin }: { readonly isAdmin: boolean }) {
  const { usage, common } = useStrings();
  const format = useFormat();
  const { data, refetch } = useQuery(BudgetsDocument);
  const [make, { loading: making }] = useMutation(MakeBudgetDocument);
  const [remove] = useMutation(RemoveBudgetDocument);
  const [limit, setLimit] = useState<number | string>(10);
  const [period, setPeriod] = useState<'DAY' | 'MONTH'>('MONTH');
  const [problem, setProblem] = useState<unknown>();
  const budgets = data?.budgets ?? [];
  if (!isAdmin && budgets.length === 0) return null;
  return (
    <>
      <Title order={2} size="h4" mt="xl" mb="xs">
        {usage.budgets}
      </Title>
      <Problem error={problem} />
      <Stack gap="sm">
        {budgets.map((budget) => {
          const name = `${budget.user?.displayName ?? usage.everybody}, ${usage.periods[budget.period]}`;
          return (
            <Paper key={budget.id} withBorder p="sm">
              <Group justify="space-between">
                <Text dir="auto">{name}</Text>
                <Text size="sm">
                  {usage.spent(
                    format.money(budget.spent, budget.currency),
                    format.money(budget.limit, budget.currency),
                  )}
                </Text>
              </Group>
              <Progress mt="xs" value={(100 * Number(budget.spent)) / Number(budget.limit)} aria-label={name} />
              {isAdmin && (
                <Button
                  mt="xs"
                  size="compact-xs"
                  variant="subtle"
                  color="red"
                  aria-label={`${common.delete}: ${name}`}
                  onClick={() => void remove({ variables: { id: budget.id } }).then(() => refetch())}
                >
                  {common.delete}
                </Button>
              )}
            </Paper>
          );
        })}
        {isAdmin && (
          <Group align="flex-end">
            <NumberInput label={usage.limit} min={0} decimalScale={2} value={limit} onChange={setLimit} w={140} />
            <Select
              aria-label={usage.period}
              w={140}
              allowDeselect={false}
              value={period}
              onChange={(value) => setPeriod(value as 'DAY' | 'MONTH')}
              data={(['DAY', 'MONTH'] as const).map((value) => ({ value, label: usage.periods[value] }))}
            />
            <Button
              variant="default"
              loading={making}
              onClick={() =>
                void make({ variables: { input: { limit: String(limit), period } } }).then(() => refetch(), setProblem)
              }
            >
              {usage.newBudget}
            </Button>
          </Group>
        )}
      </Stack>
    </>
  );
}
