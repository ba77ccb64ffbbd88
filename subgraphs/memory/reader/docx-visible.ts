import { isOff, type WordStyles } from './docx-styles.ts';

/** Where a run or a paragraph begins or ends, and the style of a paragraph. */
const PLACES = /<w:(?<begun>[rp])(?:\s[^>]*)?(?<!\/)>|<\/w:(?<ended>[rp])>|<w:pStyle w:val="(?<style>[^"]*)"\s*\/>/g;
/** What a run says about its letters; what it had said before a change of them is kept at the end. */
const PROPERTIES = /\s*<w:rPr>(.*?)<\/w:rPr>/sy;
const VANISH = /<w:vanish(?:\s+w:val="(\w+)")?\s*\/>/;
const STYLE = /<w:rStyle w:val="([^"]*)"\s*\/>/;

/**
 * Takes the runs out of a part of a Word document that no reader of it sees: those of hidden letters. A text that is
 * hidden in the program is not to be quoted as one that the document says.
 */
export function withoutHidden(xml: string, { hidden }: Pick<WordStyles, 'hidden'>): string {
  if (hidden.size === 0 && !xml.includes('<w:vanish')) return xml;
  const pieces: string[] = [];
  const runs: boolean[] = [];
  let at = 0;
  /** Of the runs that are open, those within one that is hidden, and itself. */
  let hiding = 0;
  let isInHidden = false;
  for (const { index, 0: whole, groups } of xml.matchAll(PLACES)) {
    const { begun, ended, style } = groups!;
    if (style !== undefined) isInHidden = hidden.has(style);
    else if (begun === 'p' || ended === 'p') isInHidden = false;
    else if (begun === 'r') {
      const hides = hiding > 0 || isHidden(xml, index + whole.length, isInHidden, hidden);
      if (hides && hiding++ === 0) pieces.push(xml.slice(at, index));
      runs.push(hides);
    } else if (runs.pop() && --hiding === 0) at = index + whole.length;
  }
  if (hiding === 0) pieces.push(xml.slice(at));
  return pieces.join('');
}

function isHidden(xml: string, at: number, isInHidden: boolean, hidden: ReadonlySet<string>): boolean {
  PROPERTIES.lastIndex = at;
  const [properties = ''] = PROPERTIES.exec(xml)?.[1]?.split('<w:rPrChange', 1) ?? [];
  const vanish = VANISH.exec(properties);
  if (vanish) return !isOff(vanish[1]);
  return isInHidden || hidden.has(STYLE.exec(properties)?.[1] ?? '');
}
