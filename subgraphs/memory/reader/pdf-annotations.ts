import { remarkText } from './remarks.ts';

/** An annotation of a PDF as its library tells it. */
export type Annotation = Readonly<Record<string, unknown>>;

/** The flag of what is not shown. */
const HIDDEN = 2;
const isHidden = ({ annotationFlags }: Annotation): boolean =>
  typeof annotationFlags === 'number' && (annotationFlags & HIDDEN) !== 0;

/** Returns what was filled into a form, each with what its field is called, and what was written onto the page. */
export function filledIn(annotations: readonly Annotation[]): string[] {
  return annotations.flatMap((annotation) => {
    const { subtype, fieldType, fieldValue, alternativeText, fieldName } = annotation;
    if (isHidden(annotation)) return [];
    if (subtype === 'FreeText') return contentsOf(annotation);
    if (subtype !== 'Widget') return [];
    const [name] = textsOf(alternativeText || fieldName);
    if (fieldType === 'Btn') return name && isTicked(annotation) ? [`${name}: ${fieldValue}`] : [];
    if (fieldType !== 'Tx' && fieldType !== 'Ch') return [];
    return textsOf(Array.isArray(fieldValue) ? fieldValue.join(', ') : fieldValue).map((value) =>
      name ? `${name}: ${value}` : value,
    );
  });
}

/** What people note at a place of a page: on a slip of paper, at what they mark, at what they draw. */
const NOTED = new Set(
  'Text Highlight Underline Squiggly StrikeOut Caret Square Circle Line Polygon PolyLine Ink Stamp FileAttachment'.split(
    ' ',
  ),
);

/**
 * Returns the notes that people have put on a page, each with its author where it has one. Some programs copy what is
 * marked into the note of the mark: the page has that already.
 *
 * @param page the text of the page.
 */
export function notesOf(annotations: readonly Annotation[], page: string): string[] {
  const known = ` ${bare(page)} `;
  return annotations.flatMap((annotation) => {
    if (isHidden(annotation) || !NOTED.has(String(annotation['subtype']))) return [];
    const [author] = textsOf((annotation['titleObj'] as { str?: unknown } | undefined)?.str);
    return contentsOf(annotation)
      .filter((note) => annotation['subtype'] === 'Text' || !isCopy(bare(note), known))
      .map((note) => remarkText({ author: author ?? '', text: note }));
  });
}

/** Returns the ids and the names of the files that are attached at places of a page. */
export const filesOf = (annotations: readonly Annotation[]): [id: string, name: string][] =>
  annotations.flatMap(({ fileId, file }) => {
    const [name] = textsOf((file as { filename?: unknown } | undefined)?.filename);
    return typeof fileId === 'string' ? [[fileId, name ?? ''] as [string, string]] : [];
  });

const contentsOf = ({ contentsObj }: Annotation): string[] =>
  textsOf((contentsObj as { str?: unknown } | undefined)?.str);

/** Whether a box is ticked, or is the one that was chosen of several. */
const isTicked = ({ checkBox, radioButton, fieldValue, exportValue, buttonValue }: Annotation) =>
  typeof fieldValue === 'string' &&
  fieldValue !== 'Off' &&
  ((checkBox === true && fieldValue === exportValue) || (radioButton === true && fieldValue === buttonValue));

const textsOf = (value: unknown): string[] => (typeof value === 'string' && value.trim() !== '' ? [value.trim()] : []);

/** Whether a note only says again what the page does; a word or two may be a remark: "No", "At eight". */
const isCopy = (note: string, page: string): boolean =>
  (note.split(' ').length >= MIN_COPIED || (UNSPACED.test(note) && note.length >= MIN_COPIED_RUN)) &&
  (page.includes(` ${note} `) || (UNSPACED.test(note) && page.includes(note)));
const MIN_COPIED = 3;
/** Of a script that is written without spaces. */
const MIN_COPIED_RUN = 6;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;

const bare = (text: string): string =>
  text
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, ' ')
    .trim();
