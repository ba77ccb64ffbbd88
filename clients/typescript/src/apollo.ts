import { ApolloLink, type FetchResult } from '@apollo/client';
import { type OperationTypeNode, print } from 'graphql';
import { Observable } from 'rxjs';
import type { Connection } from './connection.ts';
import { errorOf } from './errors.ts';

/**
 * Creates the link of an Apollo Client: queries and mutations over HTTP, subscriptions over the client's socket, with
 * its session. Subscriptions come back by themselves after a cut.
 */
export function sextantLink(connection: Connection): ApolloLink {
  return new ApolloLink(
    ({ query, variables, operationType }) =>
      new Observable<FetchResult>((observer) => {
        const ended = new AbortController();
        const { signal } = ended;
        const operation = { document: print(query), variables };
        const run = async () => {
          if (operationType === ('subscription' as OperationTypeNode)) {
            for await (const data of connection.subscribe(operation.document, variables, { signal }))
              observer.next({ data: data as FetchResult['data'] });
          } else {
            const { data, errors, extensions } = await connection.execute(operation, { signal });
            if (errors?.length && data == null && errors.some(({ path }) => path === undefined)) throw errorOf(errors);
            observer.next({ data, errors, extensions } as FetchResult);
          }
          observer.complete();
        };
        run().catch((error: unknown) => {
          if (!signal.aborted) observer.error(error);
        });
        return () => ended.abort();
      }),
  );
}
