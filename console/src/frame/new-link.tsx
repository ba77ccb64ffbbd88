import { Group, Text, TextInput } from '@mantine/core';
import { useStrings } from '../strings/strings.tsx';
import { CopyButton } from './copy-button.tsx';

/** Shows the address of a link, which is shown once. */
export function NewLink({ url }: { readonly url: string }) {
  const { chat } = useStrings();
  return (
    <div>
      <Group wrap="nowrap" gap={4}>
        <TextInput
          readOnly
          aria-label={chat.link}
          value={url}
          onFocus={(event) => event.currentTarget.select()}
          flex={1}
        />
        <CopyButton text={url} />
      </Group>
      <Text size="xs" c="dimmed" role="status">
        {chat.linkOnce}
      </Text>
    </div>
  );
}
