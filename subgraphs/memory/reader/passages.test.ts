import { describe, expect, it } from 'vitest';
import { fc } from '#platform/base/testing/generated.ts';
import { readHtml } from './html.ts';
import { readMarkdown } from './markdown.ts';
import { cutPassages, wordsIn } from './passages.ts';
import { readPlainText } from './plain-text.ts';

const paragraph = (words: number, word = 'word') => `${Array(words).fill(word).join(' ')}.`;

describe('passages', () => {
  it('join short paragraphs and end with one when they are long enough', () => {
    const text = [paragraph(30), paragraph(30), paragraph(30)].join('\n\n');
    expect(cutPassages(readPlainText(text)).map((passage) => wordsIn(passage.text))).toEqual([60, 30]);
  });

  it('divide long paragraphs at sentences', () => {
    const text = Array(10).fill(paragraph(20)).join(' ');
    const passages = cutPassages(readPlainText(text));
    expect(passages.map((passage) => wordsIn(passage.text))).toEqual([80, 80, 40]);
    for (const passage of passages) expect(passage.text.endsWith('.')).toBe(true);
  });

  it('do not reach across headings', () => {
    const passages = cutPassages(readMarkdown('# A\nx\n\n# B\ny'));
    expect(passages.map((passage) => passage.section)).toEqual(['A', 'B']);
  });

  it('cut what has no spaces, and count scripts without spaces by character', () => {
    const [base64, chinese] = ['Q'.repeat(5_000), '海は広い'.repeat(100)];
    for (const text of [base64, chinese]) {
      const passages = cutPassages(readPlainText(text));
      expect(passages.length).toBeGreaterThan(3);
      expect(passages.map((passage) => passage.text).join('')).toBe(text);
    }
  });

  it('of any text cover all of it, in order, none too long', () => {
    const piece = fc.oneof(
      fc.lorem(),
      fc.string(),
      fc.constantFrom('\n\n', '. ', '!!', '# ', '```', '\n', '海'.repeat(250)),
    );
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 60 }),
        fc.constantFrom(readPlainText, readMarkdown, readHtml),
        (parts, read) => {
          const outline = read(parts.join(' '));
          const passages = cutPassages(outline);
          let at = 0;
          for (const passage of passages) {
            expect(passage.start).toBeGreaterThanOrEqual(at);
            expect(outline.text.slice(at, passage.start).trim()).toBe('');
            expect(outline.text.slice(passage.start, passage.end)).toBe(passage.text);
            expect(wordsIn(passage.text)).toBeLessThanOrEqual(100);
            at = passage.end;
          }
          expect(outline.text.slice(at).trim()).toBe('');
        },
      ),
      { numRuns: 300 },
    );
  });

  it.each([
    ['one line of ten megabytes', 'lorem ipsum dolor '.repeat(600_000)],
    ['ten million full stops', '.'.repeat(10_000_000)],
    ['ten megabytes of one word', 'x'.repeat(10_000_000)],
    ['a heading of ten megabytes of spaces', `# ${' '.repeat(10_000_000)}#x`],
    ['five million lines', 'a\n'.repeat(5_000_000)],
  ])('take seconds at most for %s', (_, text) => {
    for (const read of [readPlainText, readMarkdown]) {
      const started = process.cpuUsage();
      const passages = cutPassages(read(text));
      expect(passages.length).toBeGreaterThan(0);
      // Quadratic work would take hours, so a generous bound tells.
      expect(process.cpuUsage(started).user / 1_000).toBeLessThan(20_000);
    }
  });
});
