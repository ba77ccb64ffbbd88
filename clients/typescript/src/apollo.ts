import { ApolloLink, type FetchResult } from '@apollo/client';
import { CombinedGraphQLErrors } from '@apollo/client/errors';
import { type OperationTypeNode, print } from 'graphql';
import { Observable } from 'rxjs';
import type { Connection } from './connection.ts';
import { errorOf, wireErrorsOf } from './errors.ts';
import { AnswersInOrder } from './in-order.ts';

/**
 * Creates the link of an Apollo Client: queries and mutations over HTTP, subscriptions over the client's socket, with
 * its session. Subscriptions come back by themselves after a cut, and the answer to a query never replaces that of an
 * equal one that was asked for later. Set the client's `queryDeduplication: false`, or a `refetch` after a change
 * shares an answer that was asked for before it.
 */
export function sextantLink(connection: Connection): ApolloLink {
  const queries = new AnswersInOrder<FetchResult>();
  return new ApolloLink(
    ({ query, variables, operationType }) =>
      new Observable<FetchResult>((observer) => {
        const ended = new AbortController();
        const { signal } = ended;
        const operation = { document: print(query), variables };
        const run = async () => {
          if (operationType === ('subscription' as OperationTypeNode)) {
            for await (const answer of connection.answers(operation.document, variables, { signal }))
              observer.next(answer as FetchResult);
          } else {
            const ask = async (): Promise<FetchResult> => {
              const { data, errors, extensions } = await connection.execute(operation, { signal });
              if (errors?.length && data == null && errors.some(({ path }) => path === undefined))
                throw errorOf(errors);
              return { data, errors, extensions } as FetchResult;
            };
            const isQuery = operationType === ('query' as OperationTypeNode);
            observer.next(await (isQuery ? queries.ask(JSON.stringify(operation), ask) : ask()));
          }
          observer.complete();
        };
        run().catch((error: unknown) => {
          if (signal.aborted) return;
          const errors = operationType === ('subscription' as OperationTypeNode) ? wireErrorsOf(error) : undefined;
          // As the links of the library tell what a server refuses.
          observer.error(errors ? new CombinedGraphQLErrors({ errors } as FetchResult) : error);
        });
        return () => ended.abort();
      }),
  );
}
