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
import { wireErrorsOf } from './errors.ts';
import type { Answer } from './http.ts';

type Result = ReturnType<typeof makeResult>;

/**
 * Creates the last exchange of a urql client, in the place of `fetchExchange`: queries and mutations over HTTP,
 * subscriptions over the client's socket, with its session. Subscriptions come back by themselves after a cut. What the
 * server refuses is among the `graphQLErrors`; where it gave no answer, a `SextantError` is the `networkError`.
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
        for await (const answer of connection.answers(document, variables, { signal }))
          next(resultOf(operation, answer));
        if (!signal.aborted) end(operation);
      } else {
        next(resultOf(operation, await connection.execute({ document, variables }, { signal })));
      }
    };
    run()
      .catch((error: Error) => {
        if (signal.aborted) return;
        const errors = wireErrorsOf(error);
        next(
          errors ? makeResult(operation, { errors: [...errors], hasNext: false }) : makeErrorResult(operation, error),
        );
      })
      .finally(() => {
        if (!signal.aborted) complete();
      });
    return () => ended.abort();
  });

const resultOf = (operation: Operation, { data, errors, extensions }: Answer<unknown>): Result =>
  makeResult(operation, {
    data: data as Result['data'],
    ...(errors && { errors: [...errors] }),
    ...(extensions && { extensions }),
  });
