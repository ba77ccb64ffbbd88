import { describe, expect, it } from 'vitest';
import { NO_STORE, readCacheControl, strictest, writeCacheControl } from './cache-control.ts';

const read = (header: string | undefined, age?: string) => writeCacheControl(readCacheControl(header, age));

describe('cache-control of a subgraph', () => {
  it.each([
    ['max-age=60', undefined, 'max-age=60'],
    ['Public , MAX-AGE=60', undefined, 'max-age=60, public'],
    ['public, private, max-age=60', undefined, 'max-age=60, private'],
    ['max-age=60, s-maxage="10"', undefined, 'max-age=10'],
    ['max-age=60, max-age=5', undefined, 'max-age=5'],
    ['max-age=60, must-revalidate', undefined, 'max-age=60, must-revalidate'],
    ['max-age=60', '20', 'max-age=40'],
  ])('%s, age %s, is %s', (header, age, wanted) => expect(read(header, age)).toBe(wanted));

  it.each([
    [undefined, undefined],
    ['', undefined],
    ['public', undefined],
    ['no-store, max-age=60', undefined],
    ['max-age=60, no-cache="x"', undefined],
    ['max-age=0', undefined],
    ['max-age=-1', undefined],
    ['max-age=1e3', undefined],
    ['max-age', undefined],
    ['max-age=60', '60'],
    ['max-age=60', 'long'],
  ])('%s, age %s, is not kept', (header, age) => expect(readCacheControl(header, age)).toEqual(NO_STORE));

  it('allows together what each of them allows', () => {
    const both = (a: string, b: string) => writeCacheControl(strictest(readCacheControl(a), readCacheControl(b)));
    expect(both('max-age=60, public', 'max-age=30, public')).toBe('max-age=30, public');
    expect(both('max-age=60, public', 'max-age=30')).toBe('max-age=30');
    expect(both('max-age=10, public', 'max-age=30, private')).toBe('max-age=10, private');
    expect(both('max-age=60', 'no-store')).toBe('no-store');
  });
});
