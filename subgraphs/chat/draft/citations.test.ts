import { describe, expect, it } from 'vitest';
import { Citations } from './citations.ts';

const page = (path: string) => ({
  type: 'citation' as const,
  page: { url: `https://example.org/${path}`, title: path },
});

describe('pages that a provider found by itself', () => {
  it('are sources of the web, marked at the end, each once', () => {
    const citations = new Citations(() => {});
    citations.hear('It is cold.');
    const cite = (path: string) => {
      const mark = citations.cite(page(path));
      citations.hear(mark);
      return mark;
    };
    expect([cite('oslo'), cite('snow'), cite('oslo')]).toEqual([' [1]', '[2]', '']);
    expect(citations.all).toMatchObject([
      { kind: 'WEB', index: 1, sourceId: 'https://example.org/oslo', title: 'oslo' },
      { kind: 'WEB', index: 2, sourceId: 'https://example.org/snow', title: 'snow' },
    ]);
  });

  it('get no second mark where the text has their numbers already', () => {
    const citations = new Citations(() => {});
    citations.hear('It is cold[1] and white[2].');
    expect(['oslo', 'snow', 'ice'].map((path) => citations.cite(page(path)))).toEqual(['', '', ' [3]']);
    expect(citations.all.map(({ index }) => index)).toEqual([1, 2, 3]);
  });

  it('get numbers of their own behind what the reply was given, each time that the text names them', () => {
    const citations = new Citations(() => {});
    citations.add([{ kind: 'MEMORY', sourceId: 'tea', text: 'Anna likes tea.', score: 1 }]);
    const here = (path: string) => ({ ...page(path), place: 'here' as const });
    let text = '';
    for (const said of [
      'Drink tea [1]; it is cold',
      here('oslo'),
      ', white',
      here('snow'),
      ' and cold',
      here('oslo'),
    ]) {
      const words = typeof said === 'string' ? said : citations.cite(said);
      citations.hear(words);
      text += words;
    }
    expect(text).toBe('Drink tea [1]; it is cold [2], white [3] and cold [2]');
    expect(citations.cite({ ...page('ice'), place: 'nowhere' })).toBe('');
    expect(citations.all.map(({ index, title }) => [index, title])).toEqual([
      [1, undefined],
      [2, 'oslo'],
      [3, 'snow'],
      [4, 'ice'],
    ]);
  });
});
