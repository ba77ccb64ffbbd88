import { strToU8 } from 'fflate';
import { expect, it, vi } from 'vitest';
import { readDocument } from './read-document.ts';

const { loaded, noticed } = vi.hoisted(() => {
  const loaded: string[] = [];
  const noticed = (name: string) => (original: () => Promise<object>) => {
    loaded.push(name);
    return original();
  };
  return { loaded, noticed };
});
vi.mock('./rtf.ts', noticed('rtf'));
vi.mock('./tnef.ts', noticed('tnef'));
vi.mock('./msg.ts', noticed('msg'));
vi.mock('./email.ts', noticed('email'));

it('Readers are loaded with the first file of their format', async () => {
  await readDocument(strToU8('Just words.'), 'text/plain');
  expect(loaded).toEqual([]);
  await readDocument(strToU8('{\\rtf1 Rich words.}'), 'application/rtf');
  expect(loaded).toEqual(['rtf']);
});
