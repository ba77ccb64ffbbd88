import { CodedError } from '#platform/errors/errors.ts';
import type { Supergraph } from '../supergraph/supergraph.ts';
import type { OperationAnswer } from './operation.ts';
import type { Compile } from './operations.ts';
import { createStockEngine, type StockResult } from './stock.ts';

/** Operations run by Apollo's own executor, as the reference to compare with. Queries and mutations only. */
export function compileStock(supergraph: Supergraph): Compile {
  const engine = createStockEngine(supergraph);
  return ({ id, document, operation }) => ({
    kind: operation.operation,
    name: operation.name?.value,
    id,
    document,
    operation,
    explain: () => 'The stock engine plans on each request.',
    async execute(request) {
      return answer(await engine.execute(document, operation.name?.value, request));
    },
    subscribe(_, sink) {
      sink.error(new CodedError('NOT_CONFIGURED', 'The stock engine has no subscriptions; use the compiled one.'));
      return () => undefined;
    },
  });
}

const answer = (result: StockResult): OperationAnswer => ({
  json: JSON.stringify(result),
  failed: result.errors !== undefined,
  refused: !('data' in result),
});
