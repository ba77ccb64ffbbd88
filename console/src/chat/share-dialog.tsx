import { useQuery } from '@apollo/client/react';
import { Button, Group, Modal, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { NewLink } from '../frame/new-link.tsx';
import { Problem } from '../frame/problem.tsx';
import { useReturnFocus } from '../frame/return-focus.ts';
import { useMutation } from '../frame/use-mutation.ts';
import { useFormat, useStrings } from '../strings/strings.tsx';
import { ListSharesDocument, RevokeShareDocument, ShareChatDocument } from './sharing.generated.ts';

const DAY_MS = 86_400_000;

/** Makes and revokes links by which anybody reads the conversation as it is. */
export function ShareDialog({ id, close }: { readonly id: string; close(): void }) {
  const { chat, common } = useStrings();
  const format = useFormat();
  useReturnFocus();
  const { data, refetch } = useQuery(ListSharesDocument, { variables: { id } });
  const [share, made] = useMutation(ShareChatDocument);
  const [revoke, revoked] = useMutation(RevokeShareDocument);
  const [days, setDays] = useState<string | null>('30');
  const url = made.data?.shareConversation?.url;
  const make = () => {
    const expiresAt =
      days === 'never' || days === null ? null : new Date(Date.now() + Number(days) * DAY_MS).toISOString();
    void share({ variables: { input: { id, expiresAt } } }).then(
      () => refetch(),
      () => undefined,
    );
  };
  return (
    <Modal opened onClose={close} title={chat.share} closeButtonProps={{ 'aria-label': common.close }}>
      <Stack>
        <Text size="sm">{chat.shareHint}</Text>
        <Problem error={made.error ?? revoked.error} />
        <Group align="flex-end">
          <Select
            label={chat.ends}
            value={days}
            onChange={setDays}
            allowDeselect={false}
            data={[
              ...[7, 30, 90].map((count) => ({ value: String(count), label: chat.days(count) })),
              { value: 'never', label: chat.never },
            ]}
          />
          <Button onClick={make} loading={made.loading} data-autofocus>
            {chat.makeLink}
          </Button>
        </Group>
        {url && <NewLink url={url} />}
        {data?.conversation?.shares?.nodes.map((one) => (
          <Group key={one.id} justify="space-between">
            <Text size="sm">
              {format.time(one.createdAt)} – {one.expiresAt ? format.time(one.expiresAt) : chat.never}
            </Text>
            <Button
              size="compact-sm"
              variant="default"
              aria-label={`${chat.revoke}: ${format.time(one.createdAt)}`}
              onClick={() => void revoke({ variables: { id: one.id } }).then(() => refetch())}
            >
              {chat.revoke}
            </Button>
          </Group>
        ))}
      </Stack>
    </Modal>
  );
}
