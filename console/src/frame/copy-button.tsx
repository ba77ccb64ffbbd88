import { ActionIcon } from '@mantine/core';
import { useClipboard } from '@mantine/hooks';
import { Check, Copy } from 'lucide-react';
import { useStrings } from '../strings/strings.tsx';

/** Copies a text. */
export function CopyButton({ text }: { readonly text: string }) {
  const { common } = useStrings();
  const { copy, copied } = useClipboard();
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="sm"
      aria-label={copied ? common.copied : common.copy}
      onClick={() => copy(text)}
    >
      {copied ? <Check size={14} /> : <Copy size={14} />}
    </ActionIcon>
  );
}
