import { describe, expect, it } from 'vitest';
import { type Blocks, growBlocks, NO_BLOCKS } from './markdown-blocks.ts';

const TEXT = `# A title

A line with **bold**, \`code\` and a [link](https://example.org).

- one
- two

- three, after a blank line

\`\`\`ts
const a = 1;

const b = 2;
\`\`\`

| a | b |
|---|---|
| 1 | 2 |

A heading below
---

> quoted

The end.`;

const raws = ({ tokens }: Blocks) => tokens.map(({ type, raw }) => [type, raw]);

describe('a text that grows', () => {
  it('has the blocks of the whole text at the end, whatever the pieces', () => {
    for (const size of [1, 7, 40]) {
      let blocks = NO_BLOCKS;
      for (let end = size; end < TEXT.length + size; end += size) blocks = growBlocks(blocks, TEXT.slice(0, end), true);
      expect(raws(blocks)).toEqual(raws(growBlocks(NO_BLOCKS, TEXT, false)));
    }
  });

  it('has at each step the blocks of what is there, where words come that look like marks', () => {
    const text = `Words, and more of them - "quoted" (so) 100 % sure; a [link](https://example.org) and then words.
1. one item with words after it, enough of them to be long
2. two

Costs of $5 and words that follow it, then $a^2$ and more words (of [this](x) kind) as they come
---
**bold** words after it, and after that *some more* with words - and
- an item, and words that go on for a while
`;
    const written = ({ tokens }: Blocks) => JSON.stringify(tokens);
    for (const size of [1, 3, 11]) {
      let blocks = NO_BLOCKS;
      for (let end = size; end < text.length + size; end += size) {
        const here = text.slice(0, end);
        blocks = growBlocks(blocks, here, true);
        // A blank at the end counts when something follows it.
        if (!here.endsWith(' ')) expect(written(blocks)).toBe(written(growBlocks(NO_BLOCKS, here, true)));
      }
    }
  });

  it('takes words that are added to a paragraph without reading it again', () => {
    const first = growBlocks(NO_BLOCKS, `# Title\n\n${'many words, '.repeat(20).trim()}`, true);
    const second = growBlocks(first, `${first.text} and another`, true);
    expect(first.endsInWords).toBe(true);
    expect(second.tokens.at(-1)).toMatchObject({ text: expect.stringMatching(/many words, and another$/) });
    expect(second.tokens[0]).toBe(first.tokens[0]);
    expect(growBlocks(second, `${second.text} with *marks*`, true).endsInWords).toBe(false);
  });

  it('is not read again from its beginning', () => {
    const first = growBlocks(NO_BLOCKS, TEXT, true);
    const second = growBlocks(first, `${TEXT} And on.`, true);
    expect(first.settled).toBeGreaterThan(5);
    expect(second.tokens[0]).toBe(first.tokens[0]);
  });

  it('is read again from its beginning where it has become another text', () => {
    const first = growBlocks(NO_BLOCKS, TEXT, true);
    expect(raws(growBlocks(first, 'Other', true))).toEqual([['paragraph', 'Other']]);
  });
});

describe('formulas', () => {
  const found = (text: string) => {
    const [block] = growBlocks(NO_BLOCKS, text, false).tokens;
    return ('tokens' in block! ? block.tokens! : []).filter(({ type }) => type === 'math');
  };

  it('are found in each of the ways in which models write them', () => {
    expect(found('so $a^2 + b_1$ holds')).toMatchObject([{ text: 'a^2 + b_1', isDisplay: false }]);
    expect(found('so \\(a \\cdot b\\) holds')).toMatchObject([{ text: 'a \\cdot b', isDisplay: false }]);
    expect(found('$$\n\\frac{a}{b}\n$$')).toMatchObject([{ text: '\\frac{a}{b}', isDisplay: true }]);
    expect(found('\\[ x = 1 \\]')).toMatchObject([{ text: 'x = 1', isDisplay: true }]);
  });

  it('leave amounts of money alone, and code', () => {
    expect(found('from $5 to $6, or 7$')).toEqual([]);
    expect(found('it is `$a$` there')).toEqual([]);
  });
});

describe('a text that is a tangle of marks', () => {
  const tangles = [
    '>'.repeat(10_000),
    '> '.repeat(5_000),
    '- '.repeat(5_000),
    '1. '.repeat(5_000),
    `${'*a '.repeat(20_000)}a*`,
    '!['.repeat(20_000),
    '_'.repeat(50_000),
    '['.repeat(50_000),
    `x\n\n${'> - '.repeat(4_000)}y`,
    '`'.repeat(30_000),
  ];
  it.each(tangles.map((text) => [text.slice(0, 12), text]))('is shown as it is: %j…', (_, text) => {
    for (const isWriting of [true, false]) {
      const { tokens } = growBlocks(NO_BLOCKS, text, isWriting);
      expect(tokens.map(({ raw }) => raw).join('')).toContain(text.slice(-1_000));
    }
  });

  it('is told from long code and lists, which have many marks too', () => {
    const code = `Here:\n\n\`\`\`c\n${'/* a_b */ *p = x[i]; '.repeat(2_000)}\n\`\`\`\n\n- **one**\n  - two\n    - three`;
    expect(growBlocks(NO_BLOCKS, code, false).tokens.map(({ type }) => type)).toContain('code');
    expect(growBlocks(NO_BLOCKS, code, false).tokens.at(-1)!.type).toBe('list');
  });
});
