import { expect, it } from 'vitest';
import { maskEmail } from './email.ts';

it.each([
  ['ada@example.org', 'a…@example.org'],
  ['ada', 'a…'],
  ['😀😀', '😀…'],
  ['😀@example.org', '😀…@example.org'],
  ['@example.org', '…@example.org'],
  ['', '…'],
])('masks what was given as an address, and leaves a text that can be stored: %s', (given, expected) => {
  expect(maskEmail(given)).toBe(expected);
});
