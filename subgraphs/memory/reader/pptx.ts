import { Archive } from './archive.ts';
import { isLabel } from './merged-cells.ts';
import { type Outline, OutlineBuilder } from './outline.ts';
import { commentAuthors, slideRemarks } from './pptx-comments.ts';
import { DocumentProblem } from './problem.ts';
import { relationshipsOf } from './relationships.ts';
import { NOTES } from './remarks.ts';
import { walkXml } from './xml.ts';

const WHAT = 'The presentation';
const MAX_SLIDES = 5_000;

/**
 * Reads the text of a PPTX, slide by slide in their order: the title, the paragraphs, the rows of tables, the texts of
 * diagrams, the notes, the remarks of reviewers.
 *
 * @throws {DocumentProblem} DAMAGED, TOO_LARGE, NO_TEXT.
 */
export async function readPptx(bytes: Uint8Array): Promise<Outline> {
  using archive = await Archive.open(bytes, WHAT);
  const presentation = 'ppt/presentation.xml';
  const targets = await relationshipsOf(archive, presentation);
  const slides: string[] = [];
  walkXml(await archive.required(presentation), {
    open(name, attributes) {
      const file = name === 'sldId' ? targets.get(attributes['r:id'] ?? '') : undefined;
      if (file) slides.push(file);
    },
  });
  if (slides.length > MAX_SLIDES)
    throw new DocumentProblem('TOO_LARGE', `${WHAT} has ${slides.length} slides; at most ${MAX_SLIDES} are read.`);
  const authors = await commentAuthors(archive);
  const builder = new OutlineBuilder();
  for (const [index, slide] of slides.entries()) {
    builder.page(index + 1);
    const { title, paragraphs } = textOf((await archive.text(slide)) ?? '');
    builder.heading(1, title || `Slide ${index + 1}`);
    for (const paragraph of paragraphs) builder.paragraph(paragraph);
    const parts = [...(await relationshipsOf(archive, slide)).values()];
    for (const part of [
      ...parts.filter((file) => DIAGRAM.test(file)),
      ...parts.filter((file) => SPEAKER_NOTES.test(file)),
    ])
      for (const paragraph of textOf((await archive.text(part)) ?? '').paragraphs) builder.paragraph(paragraph);
    for (const remark of await slideRemarks(archive, parts, authors))
      builder.paragraph(remark, { headings: [...builder.headings, NOTES] });
  }
  const outline = builder.build();
  if (!outline.blocks.some(({ start, end }) => !/^Slide \d+$/.test(outline.text.slice(start, end))))
    throw new DocumentProblem('NO_TEXT', `${WHAT} holds no text: its slides are probably pictures.`);
  return outline;
}

/** What belongs to a slide and is a file of its own. */
const DIAGRAM = /\/diagrams\/data\d*\.xml$/;
const SPEAKER_NOTES = /\/notesSlide\d*\.xml$/;

/** What each slide says of itself: number, date and footer. */
const FURNITURE = /^(sldNum|dt|ftr|hdr|sldImg)$/;

function textOf(xml: string): { title: string; paragraphs: string[] } {
  const titles: string[] = [];
  const paragraphs: string[] = [];
  let kind = '';
  let text = '';
  let isText = false;
  let row: string[] | undefined;
  let cell: string[] = [];
  /** What the cells of a column say down to the next one, and whether the open one goes on with it. */
  let labels: string[] = [];
  let goesOn = false;
  walkXml(xml, {
    open(name, attributes) {
      if (name === 'sp' || name === 'graphicFrame') kind = '';
      else if (name === 'ph') kind = attributes['type'] ?? 'body';
      else if (name === 'p') text = '';
      else if (name === 't') isText = true;
      else if (name === 'br' || name === 'tab') text += ' ';
      else if (name === 'tbl') labels = [];
      else if (name === 'tr') row = [];
      else if (name === 'tc') [cell, goesOn] = [[], /^(?:1|true)$/.test(attributes['vMerge'] ?? '')];
    },
    text(piece) {
      if (isText) text += piece;
    },
    close(name) {
      if (name === 't') isText = false;
      else if (name === 'p' && text.trim() !== '' && !FURNITURE.test(kind)) {
        if (row) cell.push(text.trim());
        else if (/^(title|ctrTitle)$/.test(kind)) titles.push(text.trim());
        else paragraphs.push(text);
        text = '';
      } else if (name === 'tc' && row) {
        if (!goesOn) labels[row.length] = isLabel(cell.join(' ')) ? cell.join(' ') : '';
        row.push(goesOn ? (labels[row.length] ?? '') : cell.join(' '));
      } else if (name === 'tr' && row) {
        if (row.some((one) => one !== '')) paragraphs.push(row.join(' | '));
        row = undefined;
      }
    },
  });
  return { title: titles.join(' '), paragraphs };
}
