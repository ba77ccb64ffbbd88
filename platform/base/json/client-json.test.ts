import { expect, it } from 'vitest';
import { parseClientJson } from './client-json.ts';

const parse = (text: string, maxBytes = 524_288) => parseClientJson(Buffer.from(text), maxBytes);
const fields = (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":0`).join()}}`;

it('parses what is JSON, with a byte order mark too', () => {
  expect(parse('\uFEFF{"a":[1]}')).toEqual({ a: [1] });
  expect(() => parse('{"a":')).toThrow('body is not JSON.');
});

it('refuses what is not UTF-8, where a byte would become three', () => {
  for (const bytes of [[0xff], [0xc3], [0xed, 0xa0, 0x80], [0xfe, 0xff, 0, 0x22]]) {
    const text = Buffer.concat([Buffer.from('{"a":"'), Buffer.from(bytes), Buffer.from('"}')]);
    expect(() => parseClientJson(text, 524_288)).toThrow('body is not UTF-8.');
  }
  expect(parse('{"a":"é🙂\\ud800"}')).toEqual({ a: 'é🙂\ud800' });
});

it('parses long flat lists, which take little', () => {
  expect(parse(`[${'0,'.repeat(200_000)}0]`)).toHaveLength(200_001);
});

/** As many of one kind as half a megabyte has room for. */
const many = (item: (i: number) => string, count = 500_000 / item(0).length) =>
  `[${Array.from({ length: count }, (_, i) => item(i)).join()}]`.slice(0, 524_288);

it.each([
  ['objects', many(() => '{}')],
  ['lists', many(() => '[0]')],
  ['names', fields(20_000)],
  ['objects of a name each', many((i) => `{"k${i}":0}`, 19_000)],
  ['orders of few names', many((i) => `{"k${i % 170}":0,"k${Math.floor(i / 170)}":0}`, 19_000)],
  ['short texts', many((i) => `"${i}"`, 60_000)],
])('refuses more %s than can be parsed in a moment, and says how many', (_, text) => {
  expect(() => parse(text)).toThrow(
    /^body is too much to read at once: \d+ lists and objects, \d+ fields \(\d+ of new names\)/,
  );
});

it.each([
  [
    'a thousand objects of twenty texts',
    many((i) => `{${fields(20).slice(1, -1).replaceAll(':0', `:"v${i}"`)}}`, 1_000),
  ],
  ['a dictionary of five thousand names', fields(5_000)],
  ['ten thousand objects alike', many((i) => `{"id":${i},"at":0}`, 10_000)],
])('parses %s', (_, text) => {
  expect(parse(text)).toEqual(JSON.parse(text));
});

it('accepts more work where larger messages are accepted', () => {
  expect(Object.keys(parse(fields(10_000), 1_048_576) as object)).toHaveLength(10_000);
});

it('refuses what is nested too deep without parsing it', () => {
  expect(() => parse('['.repeat(500_000))).toThrow('more than 2000 levels');
});

const LARGE = 4_000_000;

it('parses a message that is larger than an ordinary one where it is made of long texts', () => {
  const quotes = '\\"\\\\'.repeat(LARGE / 4);
  for (const text of [`{"image":"${'x'.repeat(LARGE)}"}`, `["${quotes}","${'\\u00e9'.repeat(LARGE / 6)}"]`]) {
    expect(parse(text)).toEqual(JSON.parse(text));
  }
  const tokens = `[${'12345,'.repeat(250_000)}1]`;
  expect(parse(tokens)).toHaveLength(250_001);
});

it.each([
  ['numbers', `[${'1,'.repeat(LARGE / 2)}1]`],
  ['texts', `[${'"some text",'.repeat(LARGE / 12)}1]`],
  ['objects', `[${'{},'.repeat(LARGE / 3)}1]`],
  ['blanks', `[${' '.repeat(LARGE + 500_000)}]`],
])('refuses a larger message of many %s', (_, text) => {
  expect(() => parse(text)).toThrow(
    /^body (is too much to read at once|has more than \d+ (bytes that belong to no text|lists, objects and fields))/,
  );
});
