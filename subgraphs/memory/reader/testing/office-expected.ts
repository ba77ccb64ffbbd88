import type { Expected } from './judge.ts';
import { DELETED, REMARK, type Writing } from './office-sources.ts';

/** What files must hold that LibreOffice made of a source. @param format the ending of their names. */
export function expectedOf(kind: 'text' | 'sheets' | 'slides', format: string, writing: Writing): Expected {
  return { text: ofText, sheets: ofSheets, slides: ofSlides }[kind](format, writing);
}

const said = (text: string): string => text.replace(/\s+/g, ' ');

function ofText(format: string, { title, second, sentences, note, items, cells, letterhead, box }: Writing): Expected {
  const holds = [title, second, ...sentences, note, ...items, box].map(said);
  if (format === 'pdf')
    return {
      holds: [...holds, ...cells, letterhead],
      places: [
        [sentences[0], { page: 1 }],
        [note, { page: 1 }],
        [sentences[2], { page: 2 }],
      ],
    };
  // LibreOffice itself leaves out the rest.
  if (format === 'txt') return { holds: [title, second, ...sentences, ...items, ...cells].map(said) };
  const rows = [`${cells[0]} | ${cells[1]}`, `${cells[2]} | ${cells[3]}`, `${cells[0]} + ${cells[2]}`];
  const sections: Expected['places'] = [
    [sentences[0], { section: title }],
    [note, { section: title }],
    [rows[1]!, { section: title }],
    [sentences[2], { section: second }],
  ];
  if (format === 'rtf') return { holds: [...holds, ...rows], once: [letterhead], lacks: [REMARK, DELETED] };
  if (format === 'epub') return { holds: [...holds, ...rows], lacks: [REMARK] };
  // It shows remarks in XHTML.
  if (format === 'html' || format === 'xhtml')
    return { holds: [...holds, ...rows], lacks: format === 'html' ? [REMARK] : [], places: sections };
  return {
    holds: [...holds, ...rows],
    lacks: [DELETED],
    once: [letterhead, note, REMARK],
    places: [...sections, [letterhead, { section: undefined }], [REMARK, { section: `${title} › Notes` }]],
  };
}

function ofSheets(format: string, { title, second, sentences, cells }: Writing): Expected {
  // 0.1 + 0.2, the date, the share.
  const values = ['0.3', '19%'];
  if (format === 'pdf') return { holds: [sentences[0], sentences[1], ...cells] };
  if (format === 'csv' || format === 'html')
    return { holds: [sentences[0], sentences[1], ...cells, ...(format === 'csv' ? values : [])] };
  const row = `${cells[3]} | 0.1 | 0.2 | 0.3`;
  return {
    holds: [...sentences, `${cells[0]} | ${cells[1]} | ${cells[2]}`, row, '2026-03-14 | 19%'],
    places: [
      [row, { section: title, cells: 'A1:B8' }],
      [sentences[2], { section: second, cells: 'A1' }],
    ],
  };
}

function ofSlides(format: string, { title, second, sentences, items, cells, note }: Writing): Expected {
  const rows = format === 'pdf' ? cells : [`${cells[0]} | ${cells[1]}`, `${cells[2]} | ${cells[3]}`];
  // Speakers' notes are not printed.
  const holds = [title, second, sentences[0], sentences[1], ...items, ...rows, ...(format === 'pdf' ? [] : [note])];
  const at = (page: number, section: string) => (format === 'pdf' ? { page } : { page, section });
  return {
    holds,
    places: [
      [sentences[0], at(1, title)],
      [rows[1]!, at(2, second)],
      [sentences[1], at(2, second)],
      ...(format === 'pdf' ? [] : [[note, at(1, title)] as const]),
    ],
  };
}
