import { describe, expect, it } from 'vitest';
import { MAX_NESTING, XmlNesting } from './nesting.ts';

const times = MAX_NESTING + 1;
const measure = (xml: string, encoding: BufferEncoding = 'utf8') => {
  const nesting = new XmlNesting();
  // Cut anywhere.
  const bytes = Buffer.from(xml, encoding);
  for (let at = 0; at < bytes.length; at += 7) nesting.push(bytes.subarray(at, at + 7));
};
const refused = expect.objectContaining({ code: 'TOO_EXPENSIVE' });

describe('the nesting of XML', () => {
  it.each([
    ['elements', '<a>'.repeat(times)],
    ['elements with attributes that look like ends', '<a b="/>" c=\'</a>\'>'.repeat(times)],
    ['elements between comments and data', '<!-- </a> --><![CDATA[</a>]]><a>'.repeat(times)],
  ])('is refused beyond the limit: %s', (_, xml) => {
    expect(() => measure(xml)).toThrow(refused);
    expect(() => measure(xml, 'utf16le')).toThrow(refused);
  });

  it.each([
    ['what is closed', '<a></a>'.repeat(times)],
    ['what closes itself', '<a/><b c="x"/>'.repeat(times)],
    ['comments', '<!-- <a> - -- <a> -->'.repeat(times)],
    ['data', '<![CDATA[<a>]]]]>'.repeat(times)],
    ['instructions and declarations', '<?a <b> ?><!DOCTYPE a>'.repeat(times)],
    ['attributes', '<a b="<a><a>"/>'.repeat(times)],
    ['what is as deep as allowed', `${'<a>'.repeat(MAX_NESTING)}${'</a>'.repeat(MAX_NESTING)}<a>`],
  ])('does not count %s', (_, xml) => {
    measure(xml);
    measure(xml, 'utf16le');
  });
});
