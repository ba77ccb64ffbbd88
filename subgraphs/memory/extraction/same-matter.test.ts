import { expect, it } from 'vitest';
import { isSameMatter } from './same-matter.ts';

it.each([
  ['The user lives in Porto.', 'The user moved to Madrid.', true],
  ['I live in Rome.', 'Ich bin nach Berlin gezogen.', true],
  ['The user is allergic to nuts.', 'The user is no longer allergic to nuts.', true],
  ['The user works at Meta.', "The user's cat is called Miso.", false],
  ["The user's dog is called Rex.", "The user's cat is called Tom.", false],
  ['My name is Ada.', "The user's dog is called Rex.", false],
  ['The user lives in Porto.', 'The user works at Meta.', false],
  ['The user is allergic to nuts.', 'The user is allergic to penicillin.', false],
  ['The user likes tea.', 'The user likes hiking.', false],
  ['The user likes tea.', 'The user no longer likes tea.', true],
])('%j and %j: %s', (older, newer, same) => {
  expect(isSameMatter(older, newer)).toBe(same);
});
