import { describe, expect, it } from 'vitest';
import { Citations } from './citations.ts';

const page = (path: string) => ({
  type: 'citation' as const,
  page: { url: `https://example.org/${path}`, title: path },
});

describe('pages that a provider found by itself', () => {
  it('are sources of the web, marked at the end, each once', () => {
    const citations = new Citations(() => {});
    expect(citations.cite(page('oslo'), 'It is cold.')).toBe(' [1]');
    expect(citations.cite(page('snow'), 'It is cold. [1]')).toBe('[2]');
    expect(citations.cite(page('oslo'), 'It is cold. [1][2]')).toBe('');
    expect(citations.all).toMatchObject([
      { kind: 'WEB', index: 1, sourceId: 'https://example.org/oslo', title: 'oslo' },
      { kind: 'WEB', index: 2, sourceId: 'https://example.org/snow', title: 'snow' },
    ]);
  });

  it('get no second mark where the text has their numbers already', () => {
    const citations = new Citations(() => {});
    const text = 'It is cold[1] and white[2].';
    expect(['oslo', 'snow', 'ice'].map((path) => citations.cite(page(path), text))).toEqual(['', '', ' [3]']);
    expect(citations.all.map(({ index }) => index)).toEqual([1, 2, 3]);
  });
});
