import type { VectorObject } from '../vector-store.ts';

/** Returns what a vector search asks for. */
export const vector = (...values: number[]) => ({ values: Float32Array.from(values), model: 'toy' });
/** Returns an object with one vector. */
export const object = (
  id: string,
  text: string,
  values: number[],
  properties: VectorObject['properties'] = {},
): VectorObject => ({
  id,
  text,
  properties,
  vectors: { main: Float32Array.from(values) },
});
/** Returns the ids of what was found, in order. */
export const ids = (found: readonly { id: string }[]) => found.map(({ id }) => id);

/** The books that the contract of a vector store searches. */
export const LIBRARY = [
  object('whale', 'A captain hunts a white whale across the sea', [1, 0, 0, 0], {
    kind: 'novel',
    year: 1851,
    open: true,
    at: '1851-10-18T00:00:00Z',
    tags: ['sea', 'obsession'],
  }),
  object('shark', 'A shark terrifies a beach town', [0.9, 0.3, 0, 0], {
    kind: 'novel',
    year: 1974,
    open: false,
    at: '1974-02-01T00:00:00Z',
    tags: ['sea'],
  }),
  object('bread', 'How to bake sourdough bread at home', [0, 0, 1, 0], {
    kind: 'guide',
    year: 2010,
    open: true,
    at: '2010-05-05T12:00:00+02:00',
    tags: ['kitchen'],
  }),
  object('loaf', 'The history of the loaf', [0, 0.1, 0.9, 0], {
    kind: 'essay',
    year: 2012,
    extra: { nested: [1, null, 'two'] },
  }),
  object('plain', 'Nothing in particular', [0, 0, 0, 1]),
];
