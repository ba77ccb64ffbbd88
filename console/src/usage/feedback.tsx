import { useQuery } from '@apollo/client/react';
import { Badge, Group, Stack, Table, Text, Title } from '@mantine/core';
import { Problem } from '../frame/problem.tsx';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { FeedbackDocument } from './usage.generated.ts';

/** Shows administrators what people think of replies: by model, and what they say. */
export function Feedback({ from, to }: { readonly from: string; readonly to: string }) {
  const { usage, chat, common } = useStrings();
  const format = useFormat();
  const { data, previousData, error } = useQuery(FeedbackDocument, { variables: { from, to } });
  const { byModel = [], comments, up = 0, down = 0 } = (data ?? previousData)?.feedbackSummary ?? {};
  const rows = [{ model: common.all, up, down }, ...byModel];
  return (
    <>
      <Title order={2} size="h4" mt="xl" mb="xs">
        {usage.feedback}
      </Title>
      <Problem error={error} />
      {up + down === 0 ? (
        <Text>{common.nothing}</Text>
      ) : (
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{usage.dimensions.MODEL}</Table.Th>
              <Table.Th ta="right">{chat.good}</Table.Th>
              <Table.Th ta="right">{chat.bad}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map((row) => (
              <Table.Tr key={row.model}>
                <Table.Td>{row.model}</Table.Td>
                <Table.Td ta="right">{format.number(row.up)}</Table.Td>
                <Table.Td ta="right">{format.number(row.down)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
      <Stack gap="sm" mt="sm">
        {comments?.nodes.map(({ id, comment, rating, model, updatedAt, user }) => (
          <div key={id}>
            <Group gap="xs">
              <Badge variant="default">{rating === 'UP' ? chat.good : chat.bad}</Badge>
              <Text size="sm" c="dimmed">
                {user && <bdi>{user.displayName}</bdi>}
                {user && ' · '}
                {[model, format.time(updatedAt)].filter(Boolean).join(' · ')}
              </Text>
            </Group>
            <Text className="passage" dir="auto">
              {comment}
            </Text>
          </div>
        ))}
      </Stack>
    </>
  );
}
