import { describe, expect, it } from 'vitest';
import { ANONYMOUS } from '../identity/identity.ts';
import { OperationFailed } from '../net/transport/transport.ts';
import { createSubgraph } from './host.ts';
import { findUnstorable } from './storable.ts';
import { hostPlatform } from './testing/platform.ts';
import { library } from './testing/subgraph.ts';

describe('a value that cannot be stored', () => {
  it.each([
    ['a\0', 'a'],
    [['x', { deep: ['\ud800'] }], 'a.1.deep.0'],
    [{ 'na\0me': 1 }, 'a'],
    [{ [Symbol.iterator.toString()]: { '\udfff': 1 } }, `a.${Symbol.iterator.toString()}`],
  ])('%j is named', (value, path) => {
    expect(findUnstorable({ b: 'fine', a: value })).toMatchObject({ path, problem: expect.stringContaining('NUL') });
  });

  it('is one that is nested to the end of a stack', () => {
    const deep = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000)) as unknown;
    expect(findUnstorable({ deep })).toMatchObject({ problem: expect.stringContaining('1000 levels') });
  });

  it.each([[null], [1], ['\u{1f600}'], [{ a: [true, undefined] }], [[[[['x']]]]]])('is not %j', (value) => {
    expect(findUnstorable({ value })).toBeUndefined();
  });

  it('is refused by every face of a subgraph', async () => {
    const subgraph = await createSubgraph(library, hostPlatform());
    const request = { identity: ANONYMOUS, requestId: 'r' };
    const refusal = { errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] };
    const query = 'query ($n: String!) { greeting(name: $n) }';
    expect((await subgraph.transport.execute({ ...request, query, variables: { n: '\0' } })).result).toMatchObject(
      refusal,
    );
    const literal = '{ greeting(name: "\\u0000") }';
    expect((await subgraph.transport.execute({ ...request, query: literal })).result).toMatchObject(refusal);
    const subscription = 'subscription ($n: Int!) { ticks(count: $n) { number } }';
    const end = await new Promise((resolve) => {
      subgraph.transport.subscribe(
        { ...request, query: subscription, variables: { n: 1, unused: '\ud800' } },
        { next: resolve, complete: () => resolve('complete'), error: resolve },
      );
    });
    expect(end).toMatchObject(refusal);
    expect(end).toBeInstanceOf(OperationFailed);
    const route = await subgraph.fetch(new Request('http://library/files/x?token=a%00b'), ANONYMOUS);
    expect(route.status).toBe(400);
  });
});
