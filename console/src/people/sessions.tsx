import { useQuery } from '@apollo/client/react';
import { Badge, Button, Table } from '@mantine/core';
import { Problem } from '../frame/problem.tsx';
import { useMutation } from '../frame/use-mutation.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { EndSessionDocument, SessionsDocument } from './people.generated.ts';

/** Shows where the person is signed in, and ends it there. */
export function Sessions() {
  const { people } = useStrings();
  const format = useFormat();
  const { data, error, refetch } = useQuery(SessionsDocument);
  const [end] = useMutation(EndSessionDocument);
  return (
    <>
      <Problem error={error} />
      <Table verticalSpacing="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{people.device}</Table.Th>
            <Table.Th>{people.lastUsed}</Table.Th>
            <Table.Th>{people.revoke}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {data?.sessions?.nodes.map(({ id, device, current, lastUsedAt, ipAddress }) => (
            <Table.Tr key={id}>
              <Table.Td>
                {device} {current && <Badge variant="light">{people.current}</Badge>}
                <br />
                <small>{ipAddress}</small>
              </Table.Td>
              <Table.Td>{format.time(lastUsedAt)}</Table.Td>
              <Table.Td>
                {!current && (
                  <Button
                    size="compact-sm"
                    variant="default"
                    aria-label={`${people.revoke}: ${device}, ${format.time(lastUsedAt)}`}
                    onClick={() => void end({ variables: { id } }).then(() => refetch())}
                  >
                    {people.revoke}
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}
