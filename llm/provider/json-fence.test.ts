import { describe, expect, it } from 'vitest';
import { JsonFence } from './json-fence.ts';

/** What comes out of a text that comes in pieces of so many characters. */
function through(text: string, size: number): string {
  const fence = new JsonFence();
  let out = '';
  for (let at = 0; at < text.length; at += size) out += fence.take(text.slice(at, at + size));
  return out + fence.end();
}

describe('the fence about a JSON text', () => {
  it.each([
    ['is taken off', '```json\n{"a": 1}\n```\n', '{"a": 1}'],
    ['is taken off without a language', '\n```\n[1]\n```', '[1]'],
    ['is not there', ' {"a": "```"} ', ' {"a": "```"} '],
    ['has a text with ticks and blanks within', '```json\n{"a": "x ``` \n y"}\n```', '{"a": "x ``` \n y"}'],
    ['is not closed', '```json\n{"a": 1}', '{"a": 1}'],
    ['is half closed', '```json\n{"a": 1}\n``', '{"a": 1}\n``'],
  ])('%s', (_, text, expected) => {
    for (const size of [1, 2, 3, 7, 100]) expect(through(text, size)).toBe(expected);
  });

  it('costs nothing where a model writes blanks without end', () => {
    const blanks = ' '.repeat(400_000);
    expect(through(`\`\`\`json\n{"a":${blanks}1}\n\`\`\``, 500_000)).toBe(`{"a":${blanks}1}`);
  });
});
