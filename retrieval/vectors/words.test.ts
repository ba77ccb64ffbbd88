import { describe, expect, it } from 'vitest';
import { indexedWords, queryWords, searchWords, words } from './words.ts';

describe('words', () => {
  it('are equal in other forms, letters and accents', () => {
    expect(words('The Runner’s RUNNING shoes')).toEqual(words('the runner run shoe'.replace('run shoe', 'runs shoe')));
    expect(words('Café Ärger naïve')).toEqual(['cafe', 'arger', 'naiv']);
  });
  it('are found in a text without an end of a sentence, however long it is', () => {
    expect(words('一二三'.repeat(300_000))).toHaveLength(899_999);
  });
  it('keep numbers and codes apart', () => {
    expect(words('INV-2024-0071 of 3.5 kg, E-1204')).toEqual([
      'inv',
      '2024',
      '0071',
      'of',
      '3',
      '5',
      'kg',
      'e',
      '1204',
    ]);
  });
  it('of scripts without spaces are pairs of characters', () => {
    expect(words('東京都に住む')).toEqual(['東京', '京都', '都に', 'に住', '住む']);
  });
  it('of two scripts in one run are those of each, and Korean is found without its particles', () => {
    expect(words('我用iPhone拍照')).toEqual(['我用', 'iphon', '拍照']);
    expect(words('2024年の売上')).toEqual(['2024', '年の', 'の売', '売上']);
    expect(words('서울에서')).toEqual(['서울', '울에', '에서']);
    expect(words('서울에서'.normalize('NFD'))).toEqual(words('서울에서'));
  });
  it('keep the marks that make another letter, and no others', () => {
    expect(words('がき ガキ ｶﾞｷ')).toEqual(['がき', 'ガキ', 'ガキ']);
    expect(words('कि की')).toEqual(['कि', 'की']);
    expect(words('شَمْس שָׁלוֹם Ёлка')).toEqual(['شمس', 'שלום', 'елка']);
    expect(words('Straße Łódź Ørsted Æon Đà')).toEqual(words('Strasse Lodz Orsted Aeon Da'));
  });
  it('of a text have its characters beside them, where one may be a word', () => {
    expect([...indexedWords('私の猫 iPhone 犬').characters]).toEqual(['私', 'の', '猫']);
    expect([...indexedWords('no such script, naïve').characters]).toEqual([]);
  });
  it('are whole where nothing is seen in them: places to divide them, byte order marks', () => {
    expect(words('Donau\u00addampf\u00adschiff')).toEqual(['donaudampfschiff']);
    expect(words('\ufeffFirst\u2060ly')).toEqual(words('Firstly'));
  });
  it('of a query in Arabic are looked for as PDFs have them, too: with lam and alef the other way round', () => {
    for (const [asked, stored] of [
      ['الاجتماع', 'االجتماع'],
      ['خلال', 'خالل'],
      ['للإسكان', 'لإلسكان'],
    ] as const) {
      expect(searchWords(asked)).toEqual([...words(asked), ...words(stored)]);
    }
    expect(searchWords('باب')).toEqual(words('باب'));
  });
  it('stay small for one line of megabytes', () => {
    expect(words('x'.repeat(5_000_000))).toEqual(['x'.repeat(64)]);
  });
  it('of a query leave out what says nothing, unless nothing is left', () => {
    expect(queryWords('What is the name of the dog?')).toEqual(['name', 'dog']);
    expect(queryWords('to be or not to be')).toEqual(['to', 'be', 'or', 'not']);
    expect(queryWords('?!')).toEqual([]);
  });
  it('of a query in another language leave out what says nothing there, and take other endings along', () => {
    expect(queryWords('Wie heißt meine Katze?')).toEqual(['heisst', 'katz']);
    expect(queryWords('¿Cuál es el nombre de mi gato?')).toEqual(['nombr', 'gato']);
    expect(searchWords('Wo wohne ich?')).toEqual(expect.arrayContaining(['wohnt', 'wohnen']));
    expect(queryWords('私の猫の名前は何ですか')).not.toContain('です');
    expect(searchWords('where do I live')).toEqual(['live']);
  });
});

it('marks without end upon one letter cost a time that grows with them, and not with their square', () => {
  const piled = `a${'\u0301\u0316'.repeat(100_000)} b`;
  expect(words(piled)).toEqual(['a', 'b']);
});
