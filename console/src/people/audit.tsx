import { useQuery } from '@apollo/client/react';
import { Code, Table } from '@mantine/core';
import { added, More } from '../frame/more.tsx';
import { Problem } from '../frame/problem.tsx';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { AuditDocument } from './people.generated.ts';

/** Shows what happened to accounts: all of them for administrators, else the person's own. */
export function Audit() {
  const { people } = useStrings();
  const format = useFormat();
  const { data, error, fetchMore } = useQuery(AuditDocument, { variables: {} });
  return (
    <>
      <Problem error={error} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys. */}
      <div className="wide" tabIndex={0} role="group" aria-label={people.audit}>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{people.when}</Table.Th>
              <Table.Th>{people.what}</Table.Th>
              <Table.Th>{people.where}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {data?.auditEvents?.nodes.map(({ id, type, occurredAt, ipAddress }) => (
              <Table.Tr key={id}>
                <Table.Td>{format.time(occurredAt)}</Table.Td>
                <Table.Td>
                  <Code>{type}</Code>
                </Table.Td>
                <Table.Td>{ipAddress ?? '–'}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </div>
      <More
        page={data?.auditEvents?.pageInfo}
        load={(after) => fetchMore({ variables: { after }, updateQuery: added('auditEvents') })}
      />
    </>
  );
}
