import { describe, expect, it } from 'vitest';
import { connection, decodeCursor, encodeCursor, pageSize } from './paging.ts';

const id = '01a2064e-cf1e-75eb-b11d-f2b0ca2cde3a';

describe('paging', () => {
  it('takes back the cursors of a list and no others', () => {
    const cursor = encodeCursor('images', id);
    expect(decodeCursor('images', 'after', cursor, ['id'])).toEqual([id]);
    expect(decodeCursor('images', 'after', null, ['id'])).toBeUndefined();
    for (const wrong of [
      encodeCursor('users', id),
      encodeCursor('images', "1' OR 1=1"),
      encodeCursor('images', id, id),
      'nonsense',
      '',
      'x'.repeat(2000),
    ]) {
      expect(() => decodeCursor('images', 'after', wrong, ['id'])).toThrow('after is not a cursor of this list');
    }
  });

  it('takes no time that there is not', () => {
    const read = (time: string) => decodeCursor('calls', 'after', encodeCursor('calls', time, id), ['time', 'id']);
    expect(read('2026-02-28T12:00:00.000Z')).toEqual(['2026-02-28T12:00:00.000Z', id]);
    for (const wrong of [
      '2026-13-01T00:00:00.000Z',
      '2026-02-30T00:00:00.000Z',
      '2026-01-01T25:00:00.000Z',
      '0000-01-01T00:00:00.000Z',
    ])
      expect(() => read(wrong)).toThrow('after is not a cursor of this list');
  });

  it('refuses pages of no entries and of too many, and names the limit', () => {
    expect(pageSize('first', null, 20, 100)).toBe(20);
    for (const wrong of [0, -1, 101])
      expect(() => pageSize('first', wrong, 20, 100)).toThrow('a page has 1 to 100 entries');
  });

  it('makes a connection with the cursors of its ends', () => {
    const page = connection(['a', 'b'], (node) => `<${node}>`, { next: true, previous: false });
    expect(page.pageInfo).toEqual({ hasNextPage: true, hasPreviousPage: false, startCursor: '<a>', endCursor: '<b>' });
    expect(connection([], String, { next: false, previous: true }).pageInfo.endCursor).toBeNull();
  });
});
