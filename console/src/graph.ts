import { ApolloClient, InMemoryCache, type Reference } from '@apollo/client';
import type { Sextant } from '@sextant/client';
import { sextantLink } from '@sextant/client/apollo';

declare module '@apollo/client' {
  namespace ApolloClient {
    namespace DeclareDefaultOptions {
      interface WatchQuery {
        errorPolicy: 'all';
      }
      interface Query {
        errorPolicy: 'all';
      }
    }
  }
}

interface Page {
  readonly nodes: readonly Reference[];
  readonly pageInfo: { readonly hasNextPage: boolean };
}

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

/** Creates the cache of the graph. What one person has read is forgotten when another signs in. */
export function createGraph(sextant: Sextant): ApolloClient {
  const graph = new ApolloClient({
    link: sextantLink(sextant),
    // A read that follows a change must not share the answer to one that began before it.
    queryDeduplication: false,
    cache: new InMemoryCache({
      typePolicies: {
        // Parts of one page, without an id of their own.
        UsageTotals: { merge: true },
        Query: {
          fields: { conversations: { keyArgs: ['archived', 'unread', 'folderId', 'tag'], merge: withLaterPages } },
        },
      },
    }),
    defaultOptions: {
      watchQuery: { fetchPolicy: 'cache-and-network', errorPolicy: 'all' },
      query: { fetchPolicy: 'network-only', errorPolicy: 'all' },
    },
  });
  // What a page that is gone had asked for is not an error.
  window.addEventListener('unhandledrejection', (event) => {
    if ((event.reason as Error | undefined)?.name === 'AbortError') event.preventDefault();
  });
  sextant.session.onChange((signedIn) => {
    if (!signedIn) void graph.clearStore();
  });
  return graph;
}
