import { CodedError } from '#platform/base/errors/errors.ts';
import type { Supergraph } from '../../supergraph/supergraph.ts';
import type { OperationAnswer } from '../prepare/operation.ts';
import type { Compile } from '../prepare/operations.ts';
import { createStockEngine, type StockResult } from './stock.ts';

/**
 * Operations run by Apollo's own executor, as the reference to compare with. Queries and mutations only. Fields that a
 * caller may not see are missing from its answers, not null.
 */
export function compileStock(supergraph: Supergraph): Compile {
  const engine = createStockEngine(supergraph);
  return ({ id, document, operation, planned }) => ({
    kind: operation.operation,
    name: operation.name?.value,
    id,
    document,
    operation,
    explain: () => 'The stock engine plans on each request.',
    async execute(request) {
      const result = planned ? await engine.execute(planned, operation.name?.value, request) : { data: null };
      const errors = [...(request.errors ?? []), ...(result.errors ?? [])];
      return answer(errors.length > 0 ? { ...result, errors } : result);
    },
    subscribe(_, sink) {
      sink.error([new CodedError('NOT_CONFIGURED', 'The stock engine has no subscriptions; use the compiled one.')]);
      return () => undefined;
    },
  });
}

const answer = (result: StockResult): OperationAnswer => ({
  json: JSON.stringify(result),
  failed: result.errors !== undefined,
  refused: !('data' in result),
});
