import { expect, it } from 'vitest';
import { abortSignalOf, Cancellation } from './cancellation.ts';

it('tells each listener once, with the first reason, and those that were removed never', () => {
  const cancellation = new Cancellation();
  const told: string[] = [];
  const first = () => void told.push('x');
  const second = () => void told.push('y');
  cancellation.addEventListener('abort', first);
  cancellation.addEventListener('abort', () => told.push('a'));
  cancellation.addEventListener('abort', second);
  cancellation.addEventListener('abort', () => told.push('b'));
  cancellation.removeEventListener('abort', first);
  cancellation.removeEventListener('abort', second);
  cancellation.abort('why');
  cancellation.abort('again');
  expect([told, cancellation.aborted, cancellation.reason]).toEqual([['a', 'b'], true, 'why']);
});

it('becomes an AbortSignal where one is needed, the same one each time, also when it has happened already', () => {
  const cancellation = new Cancellation();
  const signal = abortSignalOf(cancellation);
  expect([abortSignalOf(cancellation) === signal, signal.aborted]).toEqual([true, false]);
  const reason = new Error('left');
  cancellation.abort(reason);
  expect([signal.aborted, signal.reason]).toEqual([true, reason]);
  const late = new Cancellation();
  late.abort(reason);
  expect(abortSignalOf(late).reason).toBe(reason);
  expect(abortSignalOf(signal)).toBe(signal);
});
