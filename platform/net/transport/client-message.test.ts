import { expect, it } from 'vitest';
import { parseMessage } from './client-message.ts';

const parse = (payload: string) => parseMessage(Buffer.from(`{"type":"ping","payload":${payload}}`), 262_144);

it.each([
  ['objects', `{"a":[${'{},'.repeat(80_000)}{}]}`],
  ['short texts', `{"a":[${'"",'.repeat(80_000)}""]}`],
  ['levels', `${'{"a":'.repeat(3_000)}{}${'}'.repeat(3_000)}`],
])('a message of more %s than are read in a moment is not parsed', (_, payload) => {
  expect(parse(payload)).toBeUndefined();
});

it('a long message of one text is parsed', () => {
  const text = 'word '.repeat(50_000);
  expect(parse(JSON.stringify({ text }))).toEqual({ type: 'ping', payload: { text } });
});
