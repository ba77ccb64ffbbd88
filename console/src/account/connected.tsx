import { useMutation } from '@apollo/client/react';
import { Anchor, Loader, Stack, Text } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { Link } from 'wouter';
import { Heading } from '../frame/heading.tsx';
import { Problem } from '../frame/problem.tsx';
import { useStrings } from '../strings/strings.tsx';
import { FinishConnectionDocument } from './account.generated.ts';

/** Finishes the connection of an account at a tool server, whose person is back from its authorization server. */
export function Connected() {
  const { account } = useStrings();
  const [finish, { data, error, loading }] = useMutation(FinishConnectionDocument);
  const given = useRef(new URLSearchParams(location.search));
  const begun = useRef(false);
  useEffect(() => {
    // What came is good once, and stays neither in the address nor in the history.
    if (begun.current) return;
    begun.current = true;
    history.replaceState(null, '', '/connected');
    const [state, code, issuer, problem] = ['state', 'code', 'iss', 'error'].map((name) => given.current.get(name));
    const input = { state: state ?? '', code: code ?? null, issuer: issuer ?? null, error: problem ?? null };
    void finish({ variables: { input } }).catch(() => undefined);
  }, [finish]);
  const name = data?.finishToolServerConnection?.toolServer?.name;
  return (
    <Stack maw={560}>
      <Heading title={account.connections} />
      <Problem error={error} />
      {loading && <Loader size="sm" />}
      {name && <Text role="status">{account.connectedTo(name)}</Text>}
      <Anchor component={Link} href="/account">
        {account.toConnections}
      </Anchor>
    </Stack>
  );
}
