/**
 * Replaces elements of a text of XML, each with all that is in it. Of elements of one name within one another the
 * outermost counts; one that has ended where it begins stays, and so does what is never closed.
 *
 * @param name with its prefix, as it is written.
 */
export function replaceElements(xml: string, name: string, change: (whole: string) => string): string {
  if (!xml.includes(`<${name}`)) return xml;
  const pieces: string[] = [];
  let at = 0;
  let depth = 0;
  let start = 0;
  for (const { index, 0: tag } of xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?(?<!/)>|</${name}>`, 'g'))) {
    if (!tag.startsWith('</')) {
      if (depth++ === 0) start = index;
    } else if (depth > 0 && --depth === 0) {
      const end = index + tag.length;
      pieces.push(xml.slice(at, start), change(xml.slice(start, end)));
      at = end;
    }
  }
  return pieces.join('') + xml.slice(at);
}
