import { expect, it } from 'vitest';
import { ToolCallPieces } from './tool-call-pieces.ts';

/** Puts the calls of a reply together. */
function callsOf(pieces: readonly object[]): [name: string, args: string][] {
  const calls: [string, string][] = [];
  const all = new ToolCallPieces(['a', 'b']);
  for (const { index, name = '', arguments: args } of [...pieces.flatMap((piece) => all.take([piece])), ...all.end()]) {
    const [named, said] = calls[index] ?? ['', ''];
    calls[index] = [named + name, said + args];
  }
  return calls;
}

const piece = (index: number, id: unknown, name: string | undefined, args: string) => ({
  index,
  id,
  function: { name, arguments: args },
});

it('calls that have one number as their id are told apart by their index', () => {
  const pieces = [piece(0, 0, 'a', '{"x":'), piece(1, 0, 'b', '{"y":'), piece(0, 0, undefined, '1}')];
  expect(callsOf([...pieces, piece(1, 0, undefined, '2}')])).toEqual([
    ['a', '{"x":1}'],
    ['b', '{"y":2}'],
  ]);
});

it('an object within the arguments does not begin a call, whatever id its piece has', () => {
  const pieces = [piece(0, 'i1', 'a', '{"c":'), piece(0, 'i2', 'a', '{"d":1}'), piece(0, 'i3', 'a', '}')];
  expect(callsOf(pieces)).toEqual([['a', '{"c":{"d":1}}']]);
});

it('a last piece without a word makes no call, though its id is new', () => {
  const pieces = [piece(0, 'i1', 'a', '{"c":'), piece(0, 'i2', undefined, '1}'), piece(0, 'i3', undefined, '')];
  expect(callsOf(pieces)).toEqual([['a', '{"c":1}']]);
});
