import { expect, it } from 'vitest';
import { splitLabels } from './descriptions.ts';

it('takes the labels off the last line', () => {
  expect(splitLabels('A cat on a sofa.\n\nLabels: Cat, sofa., cat, **lamp**')).toEqual({
    text: 'A cat on a sofa.',
    labels: ['cat', 'sofa', '**lamp'],
  });
  expect(splitLabels('A jar with two labels: red and blue.\nlabels: jar\nglass')).toEqual({
    text: 'A jar with two labels: red and blue.',
    labels: ['jar', 'glass'],
  });
  expect(splitLabels('Nothing to name.\nLabels:')).toEqual({ text: 'Nothing to name.\nLabels:', labels: [] });
});

it('reads what a model repeats without end in one pass: a quadratic one takes longer than a test may', () => {
  for (const run of ['\n', ' ', 'labels:', '.', '*', ',']) {
    expect(splitLabels(`A page${run.repeat(200_000)}x`).text).toContain('A page');
    expect(splitLabels(`A page\nLabels: ${run.repeat(200_000)}x`).text).toContain('A page');
  }
});
