import { useQuery } from '@apollo/client/react';
import { Anchor, Button, Code, Group, Text, Title } from '@mantine/core';
import { SextantError } from '@sextant/client';
import { useSextant } from '@sextant/client/react';
import { useState } from 'react';
import { CopyButton } from '../frame/copy-button.tsx';
import { useAction } from '../frame/use-action.ts';
import { useStrings } from '../strings/strings.tsx';
import { TracingStateDocument } from './system.generated.ts';

/** A question that goes through the gateway and four subgraphs. */
const QUESTION = 'query Traced { me { id } models { id } memoryStatus { indexes { name } } vectorStore { status } }';

/** Says whether the installation sends traces, makes one, and tells where it is read. */
export function Traces() {
  const { system, common } = useStrings();
  const sextant = useSextant();
  const { data } = useQuery(TracingStateDocument);
  const [traceId, setTraceId] = useState<string>();
  const trace = useAction(async () => {
    const id = hex(16);
    const token = await sextant.session.token();
    await fetch(sextant.endpoint, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${token}`,
        traceparent: `00-${id}-${hex(8)}-01`,
      },
      body: JSON.stringify({ query: QUESTION }),
    }).catch(() => {
      throw new SextantError('OFFLINE', common.offline);
    });
    setTraceId(id);
  });
  const { nodes = [], traceUrl } = data?.services ?? {};
  const silent = nodes.filter(({ isTraced }) => !isTraced).map(({ service }) => service);
  const isOff = silent.length === nodes.length;
  return (
    <section aria-label={system.traces}>
      <Title order={2} size="h4" mb="xs">
        {system.traces}
      </Title>
      {data && isOff && <Text>{system.tracesOff}</Text>}
      {!isOff && (
        <>
          {silent.length > 0 && <Text size="sm">{system.untraced(silent.join(', '))}</Text>}
          <Group>
            <Button variant="default" loading={trace.isRunning} onClick={() => trace.run()}>
              {system.trace}
            </Button>
            {traceId && (
              <Group gap="xs" role="status">
                <Code className="passage">{traceId}</Code>
                <CopyButton text={traceId} />
                {traceUrl && (
                  <Anchor
                    href={traceUrl.replaceAll('{traceId}', traceId)}
                    target="_blank"
                    rel="noopener noreferrer"
                    underline="always"
                  >
                    {system.openTrace}
                  </Anchor>
                )}
              </Group>
            )}
          </Group>
          <Text size="sm" mt="xs">
            {system.traceHint(traceUrl != null)}
          </Text>
        </>
      )}
    </section>
  );
}

const hex = (bytes: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(bytes)), (byte) => byte.toString(16).padStart(2, '0')).join('');
