import { expect, it } from 'vitest';
import { words } from '../words.ts';
import { wordsOfAllEditions } from './former-words.ts';

it.each([
  ['Straße', 'straße'],
  ['Łódź', 'łodz'],
  ['서울', '서울'.normalize('NFKD')],
  ['がき', 'かき'],
  ['हिन्दी', 'हनद'],
  ['東京都', '東京'],
])('%j is looked for as it is stored now, and as %j before', (asked, before) => {
  const all = wordsOfAllEditions(asked);
  expect(all).toEqual(expect.arrayContaining([...words(asked), before]));
});

it('what is of ASCII is looked for as it always was', () => {
  expect(wordsOfAllEditions('captains hunting whales 2024')).toEqual(words('captains hunting whales 2024'));
});
