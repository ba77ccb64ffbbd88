import { getOperationAST, parse } from 'graphql';
import { expect, it } from 'vitest';
import { composeSdl } from '../execution/testing/fleet.ts';
import { readPolicyDirectives } from '../policy/directives.ts';
import type { Admitted } from '../policy/pipeline.ts';
import { loadSupergraph } from '../supergraph/supergraph.ts';
import { readMerging } from './merging.ts';

const { sdl, apiSchema } = await loadSupergraph({
  sdl: composeSdl({
    chat: `
      extend schema @link(url: "https://specs.apollo.dev/federation/v2.6", import: ["@tag"])
      type Query { ok: Boolean }
      type Subscription { reply(after: Int = 0): Event! plain: Other! }
      union Event = Text | Thought | End
      type Text {
        snapshot: Boolean! @tag(name: "stream-first")
        text: String! @tag(name: "stream-append")
        firstSeq: Int! @tag(name: "stream-first")
        lastSeq: Int! @tag(name: "stream-offset")
        author: Other
      }
      type Thought { text: String! @tag(name: "stream-append") }
      type End { status: String! }
      type Other { id: ID }
    `,
  }),
});
const directives = readPolicyDirectives(sdl);

function merging(text: string) {
  const document = parse(text);
  const prepared = { document, operation: getOperationAST(document)! };
  return readMerging({ prepared } as Admitted, apiSchema, directives);
}
const answer = (reply: object, key = 'reply') => JSON.stringify({ data: { [key]: reply } });

it('texts in a row become one that says from where to where', () => {
  const { merge, offsetOf } = merging(
    'subscription { reply { ... on Text { snapshot text firstSeq lastSeq } ... on End { status } } }',
  );
  const first = { snapshot: true, text: 'Hello', firstSeq: 1, lastSeq: 5 };
  const second = { snapshot: false, text: ' you', firstSeq: 6, lastSeq: 9 };
  const both = { snapshot: true, text: 'Hello you', firstSeq: 1, lastSeq: 9 };
  expect(JSON.parse(merge!(answer(first), answer(second))!)).toEqual({ data: { reply: both } });
  expect(offsetOf!(answer(both))).toBe(9);
  expect(merge!(answer(first), answer({ status: 'COMPLETE' }))).toBeUndefined();
  expect(merge!(answer({ status: 'COMPLETE' }), answer(first))).toBeUndefined();
});

it('aliases, fragments and __typename are heeded', () => {
  const { merge, offsetOf } = merging(
    'subscription { r: reply { kind: __typename ...T ... on Thought { text } } } fragment T on Text { t: text to: lastSeq }',
  );
  const text = (t: string, to: number) => answer({ kind: 'Text', t, to }, 'r');
  expect(JSON.parse(merge!(text('a', 1), text('b', 2))!)).toEqual({ data: { r: { kind: 'Text', t: 'ab', to: 2 } } });
  expect(offsetOf!(text('b', 2))).toBe(2);
  const thought = (text: string) => answer({ kind: 'Thought', text }, 'r');
  expect(JSON.parse(merge!(thought('a'), thought('b'))!)).toEqual({ data: { r: { kind: 'Thought', text: 'ab' } } });
  expect(merge!(text('a', 1), thought('b'))).toBeUndefined();
});

it('types that cannot be told apart, conditions, objects and errors keep events apart', () => {
  const same = merging('subscription { reply { ... on Text { text } ... on Thought { text } } }');
  expect(same.merge!(answer({ text: 'a' }), answer({ text: 'b' }))).toBeUndefined();
  const condition = merging('subscription($x: Boolean!) { reply { ... on Text { text lastSeq @include(if: $x) } } }');
  expect(condition.merge!(answer({ text: 'a' }), answer({ text: 'b' }))).toBeUndefined();
  const object = merging('subscription { reply { ... on Text { text author { id } } } }');
  expect(object.merge!(answer({ text: 'a', author: null }), answer({ text: 'b', author: null }))).toBeUndefined();
  const plain = merging('subscription { reply { ... on Text { text lastSeq } } }');
  const failed = JSON.stringify({ data: { reply: { text: 'a', lastSeq: 1 } }, errors: [{ message: 'x' }] });
  expect(plain.merge!(failed, answer({ text: 'b', lastSeq: 2 }))).toBeUndefined();
});

it('a field without tags has nothing to merge', () => {
  expect(merging('subscription { plain { id } }')).toEqual({ merge: undefined, offsetOf: undefined });
});

it('fragments that spread others twice are read once each', () => {
  const levels = Array.from({ length: 40 }, (_, n) => `fragment F${n} on Text { ...F${n + 1} ...F${n + 1} }`);
  const { merge } = merging(
    `subscription { reply { ...F0 } } ${levels.join(' ')} fragment F40 on Text { text firstSeq }`,
  );
  const both = merge!(answer({ text: 'a', firstSeq: 1 }), answer({ text: 'b', firstSeq: 2 }));
  expect(JSON.parse(both!)).toEqual({ data: { reply: { text: 'ab', firstSeq: 1 } } });
});
