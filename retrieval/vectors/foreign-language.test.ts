import { expect, it } from 'vitest';
import { foreignLanguage } from './foreign-language.ts';

it.each([
  ['Wie hoch ist der Mount Everest?', 'de'],
  ['Quelle est la hauteur de la tour Eiffel ?', 'fr'],
  ['¿Cuál es la altura del Everest?', 'es'],
  ['Quanto è alto il monte Everest?', 'it'],
  ['Qual é a altura do monte Everest?', 'pt'],
  ['Hoe hoog is de Mount Everest?', 'nl'],
  ['珠穆朗玛峰有多高？', 'zh'],
  ['エベレストの高さは？', 'ja'],
  ['Какая высота у горы Эверест?', 'ru'],
  ['에베레스트는 얼마나 높습니까?', 'ko'],
])('%j is not English', (text, language) => {
  expect(foreignLanguage(text, ['en'])).toBe(language);
  expect(foreignLanguage(text, ['en', language])).toBeUndefined();
});

it.each([
  'How high is Mount Everest?',
  'flat tyre',
  'Everest height',
  'What does 東京 mean?',
  'INV-2024-0071',
  'the user is in die hard mode',
  'Minka',
  '?',
])('%j may be English', (text) => {
  expect(foreignLanguage(text, ['en'])).toBeUndefined();
});
