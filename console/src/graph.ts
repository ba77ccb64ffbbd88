import { ApolloClient, InMemoryCache } from '@apollo/client';
import type { Sextant } from '@sextant/client';
import { sextantLink } from '@sextant/client/apollo';
import { chatLists } from './chat/chat-lists.ts';

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
        Query: { fields: { conversations: chatLists } },
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
  let wasSignedIn = sextant.session.isSignedIn;
  sextant.session.onChange((signedIn) => {
    // Another person, signed in at another tab while this one slept: nothing of the first stays on the page.
    if (signedIn && wasSignedIn) window.location.reload();
    else if (!signedIn) void graph.clearStore();
    wasSignedIn = signedIn;
  });
  return graph;
}
