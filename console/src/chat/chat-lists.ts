import type { FieldPolicy, Reference } from '@apollo/client';

interface Page {
  readonly nodes: readonly Reference[];
  readonly pageInfo: { readonly hasNextPage: boolean };
}

/** What a list of conversations was asked to be of. */
interface Filter {
  readonly unread?: boolean | null;
  readonly folderId?: string | null;
  readonly tag?: string | null;
}

type ReadField = <Value>(name: string, from: Reference) => Value | undefined;

/**
 * Returns the first page of a list as it is now, with the later pages that a person has read: they stay where the first
 * one is read again, such as when something is new, as long as the two meet.
 */
function withLaterPages(before: Page | undefined, now: Page): Page {
  const last = now.nodes.at(-1);
  const at = before?.nodes.findLastIndex(({ __ref }) => __ref === last?.__ref) ?? -1;
  if (!before || at < 0 || !now.pageInfo.hasNextPage) return now;
  const first = new Set(now.nodes.map(({ __ref }) => __ref));
  const later = before.nodes.slice(at + 1).filter(({ __ref }) => !first.has(__ref));
  return later.length === 0 ? now : { ...now, nodes: [...now.nodes, ...later], pageInfo: before.pageInfo };
}

/** Returns whether a conversation, as the cache knows it, still is what a list was asked for. */
function isOf({ unread, folderId, tag }: Filter, conversation: Reference, readField: ReadField): boolean {
  if (unread && readField('unreadCount', conversation) === 0) return false;
  if (tag != null && readField<readonly string[]>('tags', conversation)?.includes(tag) === false) return false;
  if (folderId == null) return true;
  const folder = readField<Reference | null>('folder', conversation);
  return folder === undefined || (folder !== null && readField('id', folder) === folderId);
}

/**
 * The lists of conversations in the cache, one a filter. What was moved, tagged otherwise or read is out of the lists
 * that it is no longer of at once, whichever page it was on: later pages are not read again.
 */
export const chatLists: FieldPolicy<Page> = {
  keyArgs: ['archived', 'unread', 'folderId', 'tag'],
  merge: withLaterPages,
  read: (page, { args, readField }) =>
    page && { ...page, nodes: page.nodes.filter((one) => isOf((args ?? {}) as Filter, one, readField as ReadField)) },
};
