import { expect, it } from 'vitest';
import { fingerprint, sameStatement } from './fingerprint.ts';

it('case, punctuation and spacing make no difference', () => {
  expect(fingerprint('I like  tea!')).toBe(fingerprint('i LIKE tea'));
  expect(fingerprint('I like tea')).not.toBe(fingerprint('I like coffee'));
  expect(fingerprint('C++')).not.toBe(fingerprint('C'));
  expect(fingerprint('…')).not.toBe(fingerprint('!'));
});

it.each([
  ['The user lives in Oslo.', 'The user is living in Oslo', true],
  ['I love hiking in the mountains', 'The user loves hiking in mountains.', true],
  ['The user likes tea.', 'The user likes coffee.', false],
  ['The user likes tea.', "The user doesn't like tea.", false],
  ['The meeting is at 9.', 'The meeting is at 10.', false],
  ['Ich mag Tee.', 'Ich mag keinen Tee.', false],
  ['私は猫が好きです。', '私は猫が好きではありません。', false],
  ['', '', false],
])('%j and %j: %s', (one, other, same) => {
  expect(sameStatement(one, other)).toBe(same);
});
