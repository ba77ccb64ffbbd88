import { type getDocumentProxy, getResolvedPDFJS } from 'unpdf';

type Page = Awaited<ReturnType<Awaited<ReturnType<typeof getDocumentProxy>>['getPage']>>;

/** The letters of a page in the order in which they are drawn, without the space between them. */
export interface ShownLetters {
  readonly letters: string;
  /** Before each letter, the space that sets it apart from the last one, in heights of a line; 0 where unknown. */
  readonly gaps: readonly number[];
}

const NOTHING = { fnArray: [] as number[], argsArray: [] as unknown[][] };

/** A glyph as the library tells it; a number between two is by how much they stand closer, in thousandths. */
type Shown = { readonly unicode?: string; readonly width?: number } | number | null;

/** Returns the letters that a page shows. Its pictures are not looked at. */
export async function shownLetters(page: Page): Promise<ShownLetters> {
  const { OPS } = await getResolvedPDFJS();
  // What cannot be drawn whole is read as far as its texts tell.
  const { fnArray, argsArray } = await page.getOperatorList().catch(() => NOTHING);
  const letters: string[] = [];
  const gaps: number[] = [];
  let gap = 0;
  for (const [at, operator] of fnArray.entries()) {
    if (operator !== OPS.showText) continue;
    for (const shown of (argsArray[at]?.[0] ?? []) as readonly Shown[]) {
      if (typeof shown === 'number') gap -= shown / 1_000;
      else if (/^\s*$/.test(shown?.unicode ?? '')) gap += (shown?.width ?? 0) / 1_000;
      else {
        for (const unit of shown!.unicode!.split('')) {
          letters.push(unit);
          gaps.push(gap);
          gap = 0;
        }
      }
    }
  }
  return { letters: letters.join(''), gaps };
}
