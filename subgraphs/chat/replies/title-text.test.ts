import { expect, it } from 'vitest';
import { firstWords, titleIn } from './title-text.ts';

it.each([
  ['"A Warm Welcome."\nmore', 'A Warm Welcome'],
  ['**Title: A Trip to Oslo**', 'A Trip to Oslo'],
  ['## Eine Reise nach Oslo', 'Eine Reise nach Oslo'],
  ['Titel: „Eine Reise nach Oslo“', 'Eine Reise nach Oslo'],
  ['Titre : « Un voyage »', 'Un voyage'],
  ['标题：《去北京旅行》', '去北京旅行'],
  ['タイトル：「旅行の計画」。', '旅行の計画'],
  ['Заголовок: «Поездка в Омск»', 'Поездка в Омск'],
  ["Sure! Here's a title:\n\nA Trip to Oslo", 'A Trip to Oslo'],
  ['1. A Trip to Oslo\n2. Oslo in Winter', 'A Trip to Oslo'],
  ['Titles:\n**1. A Trip to Oslo**\n**2. Oslo in Winter**', 'A Trip to Oslo'],
  ['2. Weltkrieg: Ursachen', '2. Weltkrieg: Ursachen'],
  ['**1. FC Köln**', '1. FC Köln'],
  ['3. Liga.', '3. Liga'],
  ['__init__.py explained', '__init__.py explained'],
  ['**`__init__.py` explained**', '`__init__.py` explained'],
  ['A*', 'A*'],
  ['"Emma" and "Persuasion"', '"Emma" and "Persuasion"'],
  ['„Emma“ und „Überredung“', '„Emma“ und „Überredung“'],
  ["Der Dativ ist dem Genitiv sein Tod: 'wegen'", "Der Dativ ist dem Genitiv sein Tod: 'wegen'"],
  ['**Title:** "A Trip to Oslo".', 'A Trip to Oslo'],
  ['### **Title**: __A Trip to Oslo__', 'A Trip to Oslo'],
  ['- A Trip to Oslo', 'A Trip to Oslo'],
  ['{"title": "A Trip to Oslo"}', 'A Trip to Oslo'],
  ['```json\n{"title": "A Trip to Oslo"}\n```', 'A Trip to Oslo'],
  ['<title>A Trip to Oslo</title>', 'A Trip to Oslo'],
  ['I think of it.</think>\n\nA Trip to Oslo', 'A Trip to Oslo'],
  ['Node.js and C++: 3.5 Ways', 'Node.js and C++: 3.5 Ways'],
  ["Rock 'n' Roll", "Rock 'n' Roll"],
  ['عنوان: رحلة إلى أوسلو', 'رحلة إلى أوسلو'],
  ['🚀 Launch 👩‍💻', '🚀 Launch 👩‍💻'],
])('%j has the title %j', (answer, title) => {
  expect(titleIn(answer)).toBe(title);
});

it.each(['', '""', '**', 'Title:', `Recursion is ${'a function that calls '.repeat(9)}itself`])(
  '%j has none',
  (answer) => {
    expect(titleIn(answer)).toBeUndefined();
  },
);

it('first words end where a word does, or between two characters that are seen', () => {
  expect(firstWords(`  What is\n the ${'very '.repeat(20)} end?`)).toBe(
    'What is the very very very very very very very very very…',
  );
  expect(firstWords('👩‍👩‍👧'.repeat(20))).toBe(`${'👩‍👩‍👧'.repeat(7)}…`);
});
