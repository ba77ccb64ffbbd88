import { Button, Loader, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import { useStrings } from '../strings/strings.tsx';
import { useAction } from './use-action.ts';

interface MoreProps {
  /** Where the list ends that is here. */
  readonly page: { readonly hasNextPage: boolean; readonly endCursor?: string | null } | undefined;
  load(after: string): Promise<unknown>;
}

/**
 * Shows the way to the next page of a list; nothing at its end, until a person has come to it page by page. Who goes on
 * by keys stays on the button, which is never disabled: that would take the focus away.
 */
export function More({ page, load }: MoreProps) {
  const { common } = useStrings();
  const { run, isRunning } = useAction(load);
  const [wasUsed, setUsed] = useState(false);
  const end = useRef<HTMLParagraphElement>(null);
  const hasNext = page?.hasNextPage ?? false;
  useEffect(() => {
    if (wasUsed && !hasNext && document.activeElement === document.body) end.current?.focus();
  }, [wasUsed, hasNext]);
  if (hasNext)
    return (
      <Button
        variant="subtle"
        fullWidth
        mt="sm"
        aria-busy={isRunning}
        leftSection={isRunning && <Loader size="xs" />}
        onClick={() => {
          setUsed(true);
          run(page!.endCursor!);
        }}
      >
        {common.more}
      </Button>
    );
  return (
    wasUsed && (
      <Text ref={end} tabIndex={-1} role="status" ta="center" mt="sm" size="sm" c="dimmed">
        {common.noMore}
      </Text>
    )
  );
}

interface Nodes {
  readonly nodes: readonly unknown[];
}

/** Returns what adds the next page of a list to those before it, for `fetchMore`. */
export const added =
  <Data extends object>(name: keyof Data) =>
  (before: Data, { fetchMoreResult: next }: { fetchMoreResult: Data }): Data => {
    const [had, came] = [before[name] as Nodes | undefined, next[name] as Nodes | undefined];
    return came ? { ...before, [name]: { ...came, nodes: [...(had?.nodes ?? []), ...came.nodes] } } : before;
  };

/** Returns the same for a list within the one object that a query asks for. */
export const addedWithin =
  <Data extends object, Name extends keyof Data>(object: Name, list: keyof NonNullable<Data[Name]>) =>
  (before: Data, { fetchMoreResult: next }: { fetchMoreResult: Data }): Data => {
    const [had, came] = [before[object], next[object]];
    if (had == null || came == null) return before;
    return { ...before, [object]: added<NonNullable<Data[Name]>>(list)(had, { fetchMoreResult: came }) };
  };
