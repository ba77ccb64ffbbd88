import { ActionIcon } from '@mantine/core';
import { Check, Copy } from 'lucide-react';
import { useState } from 'react';
import { useStrings } from '../strings/strings.tsx';
import { copyText } from './copy-text.ts';

/** How long it is said that it was copied, in ms. */
const SAID_MS = 1_000;

/** Copies a text. */
export function CopyButton({ text }: { readonly text: string }) {
  const { common } = useStrings();
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return;
    setCopied(true);
    setTimeout(() => setCopied(false), SAID_MS);
  };
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="sm"
      aria-label={copied ? common.copied : common.copy}
      onClick={() => void copy()}
    >
      {copied ? <Check size={14} /> : <Copy size={14} />}
    </ActionIcon>
  );
}
