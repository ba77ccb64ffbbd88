import { InMemoryCache } from '@apollo/client';
import type { Modifiers } from '@apollo/client/cache';
import { expect, it } from 'vitest';
import { chatLists } from './chat-lists.ts';
import { ListChatsDocument, type ListChatsQueryVariables } from './list.generated.ts';

const node = (id: string) => ({
  __typename: 'Conversation' as const,
  id,
  title: id,
  pinned: false,
  lastActivityAt: '2026-01-01T00:00:00Z',
  unreadCount: 1,
  tags: ['tea'],
  folder: { __typename: 'ConversationFolder' as const, id: 'f', name: 'F' },
});

/** A cache with a list of which a person has read two pages, the second with "b" and "c". */
function twoPages(variables: ListChatsQueryVariables) {
  const cache = new InMemoryCache({ typePolicies: { Query: { fields: { conversations: chatLists } } } });
  const write = (ids: readonly string[]) =>
    cache.writeQuery({
      query: ListChatsDocument,
      variables,
      data: {
        conversations: { nodes: ids.map(node), pageInfo: { hasNextPage: true, endCursor: ids.at(-1)! } },
        conversationFolders: { nodes: [] },
        conversationTags: { nodes: [] },
        conversationInvitations: { nodes: [] },
      } as never,
    });
  const read = () =>
    cache
      .readQuery({ query: ListChatsDocument, variables })
      ?.conversations?.nodes.map(({ id }) => id)
      .join('');
  write(['a']);
  write(['a', 'b', 'c']);
  return { cache, write, read };
}

it('keeps the later pages of a list where the first one is read again', () => {
  const { write, read } = twoPages({ folderId: 'f' });
  write(['n', 'a']);
  expect(read()).toBe('nabc');
});

it('takes what was moved, tagged otherwise or read out of the list, on a later page too', () => {
  const changes: readonly [ListChatsQueryVariables, Modifiers][] = [
    [{ folderId: 'f' }, { folder: () => null }],
    [
      { folderId: 'f' },
      { folder: (_, { toReference }) => toReference({ __typename: 'ConversationFolder', id: 'g' }, true) },
    ],
    [{ tag: 'tea' }, { tags: () => ['coffee'] }],
    [{ unread: true }, { unreadCount: () => 0 }],
  ];
  for (const [variables, fields] of changes) {
    const { cache, write, read } = twoPages(variables);
    cache.modify({ id: 'Conversation:b', fields });
    expect([variables, read()]).toEqual([variables, 'ac']);
    // The first page, read again, does not bring it back.
    write(['a']);
    expect([variables, read()]).toEqual([variables, 'ac']);
  }
  const { cache, read } = twoPages({});
  cache.modify({ id: 'Conversation:b', fields: { folder: () => null, tags: () => [], unreadCount: () => 0 } });
  expect(read()).toBe('abc');
});
