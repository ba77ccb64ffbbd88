import { expect, it } from 'vitest';
import { parseClientJson } from './client-json.ts';

const parse = (text: string, maxBytes = 524_288) => parseClientJson(Buffer.from(text), maxBytes);
const fields = (count: number) => `{${Array.from({ length: count }, (_, i) => `"k${i}":0`).join()}}`;

it('parses what is JSON, with a byte order mark too', () => {
  expect(parse('\uFEFF{"a":[1]}')).toEqual({ a: [1] });
  expect(() => parse('{"a":')).toThrow('body is not JSON.');
});

it('parses long flat lists, which take little', () => {
  expect(parse(`[${'0,'.repeat(200_000)}0]`)).toHaveLength(200_001);
});

it('refuses more fields than can be parsed in a moment, and says how many', () => {
  expect(() => parse(fields(20_166))).toThrow('body has 20166 fields of objects; at most 20164 are accepted.');
  expect(Object.keys(parse(fields(20_000)) as object)).toHaveLength(20_000);
});

it('accepts more fields where larger messages are accepted', () => {
  expect(Object.keys(parse(fields(30_000), 1_048_576) as object)).toHaveLength(30_000);
});

it('refuses what is nested too deep without parsing it', () => {
  expect(() => parse('['.repeat(500_000))).toThrow('more than 2000 levels');
});
