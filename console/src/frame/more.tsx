import { Button } from '@mantine/core';
import { useStrings } from '../strings/strings.tsx';
import { useAction } from './use-action.ts';

interface MoreProps {
  /** Where the list ends that is here. */
  readonly page: { readonly hasNextPage: boolean; readonly endCursor?: string | null } | undefined;
  load(after: string): Promise<unknown>;
}

/** Shows the way to the next page of a list; nothing at its end. */
export function More({ page, load }: MoreProps) {
  const { common } = useStrings();
  const { run, isRunning } = useAction(load);
  if (!page?.hasNextPage) return null;
  return (
    <Button variant="subtle" fullWidth mt="sm" loading={isRunning} onClick={() => run(page.endCursor!)}>
      {common.more}
    </Button>
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
