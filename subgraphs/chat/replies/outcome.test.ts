import { expect, it } from 'vitest';
import { breakdownOf } from './outcome.ts';

it('a reply that a database without a free connection broke off says to come back, and one that a fault broke off does not', () => {
  const full = new Error('timeout exceeded when trying to connect');
  expect(breakdownOf(new Error('the history could not be read', { cause: full })).told).toEqual({
    code: 'SERVICE_UNAVAILABLE',
    message: expect.stringContaining('Try again in a few seconds'),
  });
  const { told, logged } = breakdownOf(new TypeError('undefined is not a function'));
  expect(told).toMatchObject({ code: 'INTERNAL_SERVER_ERROR', message: expect.not.stringContaining('undefined') });
  expect(logged).toContain('unexpectedly');
});
