import { Anchor, Badge, Button, Drawer, Group, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { Link } from 'wouter';
import { useStrings } from '../strings/strings.tsx';

/** A passage, memory or message that a reply was given. */
export interface Source {
  readonly index: number;
  readonly kind: string;
  readonly sourceId: string;
  readonly text: string;
  readonly title?: string | null | undefined;
  readonly section?: string | null | undefined;
  readonly page?: number | null | undefined;
  /** The page of the web. */
  readonly url?: string | null | undefined;
  /** The document of a passage. */
  readonly documentId?: string | null | undefined;
  /** Words of the text that the reply draws on, where its model says so. */
  readonly quotes?: readonly { readonly text: string }[];
}

/** Shows what a reply draws on; each opens its passage. */
export function Sources({ sources }: { readonly sources: readonly Source[] }) {
  const { chat, knowledge, pages } = useStrings();
  const [open, setOpen] = useState<Source>();
  if (sources.length === 0) return null;
  const nameOf = ({ title, kind, text }: Source) =>
    title || `${kind === 'MEMORY' ? pages.memory : pages.chat}: ${shortened(text)}`;
  return (
    <Group gap={6} mt="xs" role="group" aria-label={chat.sources}>
      {sources.map((source) => (
        <Button
          key={source.index}
          size="compact-xs"
          variant="light"
          color="gray"
          className="source"
          aria-label={`${chat.source(source.index)}: ${nameOf(source)}`}
          onClick={() => setOpen(source)}
        >
          {source.index} · {nameOf(source)}
        </Button>
      ))}
      <Drawer
        opened={open !== undefined}
        onClose={() => setOpen(undefined)}
        position="right"
        title={open && nameOf(open)}
        closeButtonProps={{ 'aria-label': chat.sources }}
      >
        {open && (
          <>
            <Group gap="xs" mb="sm">
              <Badge variant="light">{chat.source(open.index)}</Badge>
              {open.section && <Text size="sm">{open.section}</Text>}
              {open.page != null && <Text size="sm">{knowledge.page(open.page)}</Text>}
            </Group>
            <Text className="passage" dir="auto">
              {marked(open)}
            </Text>
            {open.url && (
              // A stranger's address: it is shown before it is opened.
              <Anchor
                href={open.url}
                target="_blank"
                rel="noopener noreferrer"
                mt="md"
                display="block"
                className="address"
              >
                {open.url}
              </Anchor>
            )}
            {open.kind === 'KNOWLEDGE' && open.documentId && (
              <Anchor
                component={Link}
                href={`/knowledge/${open.documentId}?passage=${open.sourceId}`}
                mt="md"
                display="block"
                underline="always"
              >
                {chat.openDocument}
              </Anchor>
            )}
          </>
        )}
      </Drawer>
    </Group>
  );
}

/** Returns as much of a text as a button has room for. */
const shortened = (text: string): string => {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= MAX_NAME ? line : `${line.slice(0, MAX_NAME).trimEnd()}…`;
};
const MAX_NAME = 32;

/** Returns the text of a source with the words marked that the reply draws on. */
function marked({ text, quotes = [] }: Source): ReactNode[] {
  const spans = quotes
    .map((quote) => ({ from: text.indexOf(quote.text), length: quote.text.length }))
    .filter(({ from }) => from >= 0)
    .sort((one, other) => one.from - other.from);
  const parts: ReactNode[] = [];
  let shown = 0;
  for (const { from, length } of spans) {
    const start = Math.max(shown, from);
    if (start >= from + length) continue;
    parts.push(text.slice(shown, start), <mark key={start}>{text.slice(start, from + length)}</mark>);
    shown = from + length;
  }
  return [...parts, text.slice(shown)];
}
