/** The way in which text is expected to stand: in columns, as one block or one line, or here and there. */
export type PageLayout = 'page' | 'block' | 'line' | 'sparse';

/** Tesseract's modes of segmentation. Its library's own default takes a page for one block and mixes its columns. */
export const SEGMENTATION: Record<PageLayout, string> = { page: '3', block: '6', line: '7', sparse: '11' };

/** Prepared pictures say none, and what the engine takes for it itself can be 25 for a small one. */
export const DPI = '300';
