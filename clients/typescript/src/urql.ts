import {
  type Exchange,
  makeErrorResult,
  makeOperation,
  makeResult,
  type Operation,
  stringifyDocument,
} from '@urql/core';
import { filter, make, merge, mergeMap, pipe, type Source, takeUntil } from 'wonka';
import type { Connection } from './connection.ts';

type Result = ReturnType<typeof makeResult>;

/**
 * Creates the last exchange of a urql client, in the place of `fetchExchange`: queries and mutations over HTTP,
 * subscriptions over the client's socket, with its session. Subscriptions come back by themselves after a cut. An error
 * without an answer is the `networkError`, a `SextantError`.
 */
export function sextantExchange(connection: Connection): Exchange {
  return ({ client, forward }) =>
    (operations) => {
      const isRun = ({ kind }: Operation): boolean => kind !== 'teardown';
      const ends = (one: Operation) =>
        pipe(
          operations,
          filter(({ kind, key }) => kind === 'teardown' && key === one.key),
        );
      const end = (one: Operation) => client.reexecuteOperation(makeOperation('teardown', one, one.context));
      const answers = pipe(
        operations,
        filter(isRun),
        mergeMap((one) => pipe(answersOf(connection, one, end), takeUntil(ends(one)))),
      );
      const others = pipe(
        operations,
        filter((one) => !isRun(one)),
        forward,
      );
      return merge([answers, others]);
    };
}

/** The answers to an operation. A subscription that is over ends the operation, so that urql may begin it again. */
const answersOf = (connection: Connection, operation: Operation, end: (one: Operation) => void): Source<Result> =>
  make<Result>(({ next, complete }) => {
    const ended = new AbortController();
    const { signal } = ended;
    const document = stringifyDocument(operation.query);
    const variables = operation.variables ?? {};
    const run = async () => {
      if (operation.kind === 'subscription') {
        for await (const data of connection.subscribe(document, variables, { signal }))
          next(makeResult(operation, { data: data as Result['data'] }));
        if (!signal.aborted) end(operation);
      } else {
        const { data, errors, extensions } = await connection.execute({ document, variables }, { signal });
        next(
          makeResult(operation, {
            data: data as Result['data'],
            ...(errors && { errors: [...errors] }),
            ...(extensions && { extensions }),
          }),
        );
      }
    };
    run()
      .catch((error: Error) => {
        if (!signal.aborted) next(makeErrorResult(operation, error));
      })
      .finally(() => {
        if (!signal.aborted) complete();
      });
    return () => ended.abort();
  });
