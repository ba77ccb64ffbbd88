import { strToU8 } from 'fflate';
import { afterAll, describe, expect, it } from 'vitest';
import { DocumentReader } from './document-reader.ts';
import { DOCX, PPTX, XLSX } from './file-kind.ts';
import { docx, pdf } from './testing/files.ts';
import { faultsOf } from './testing/judge.ts';
import { email, epub, odp, ods, odt, pptx, rtf, xlsx } from './testing/packed-files.ts';

const reader = new DocumentReader();
afterAll(() => reader[Symbol.asyncDispose]());

/** What people write about, in eight languages. */
const TEXTS = [
  ['Lease', 'The rent is due on the third working day of the month.', 'Pets are allowed in the courtyard.'],
  [
    'Mietvertrag',
    'Die Kündigungsfrist beträgt drei Monate zum Quartalsende.',
    'Haustiere sind erlaubt, außer Schlangen.',
  ],
  ['Recette', 'Faites fondre le beurre à feu très doux.', 'Ajoutez les œufs un à un, puis la crème.'],
  ['Viaje', 'El tren a Córdoba sale a las siete y media.', '¿Dónde está la maleta? Está en el andén número dos.'],
  ['Договор', 'Стороны договорились о поставке в течение десяти дней.', 'Оплата производится в рублях.'],
  ['説明書', '電源を入れる前に、説明書をよく読んでください。', '水に濡らさないでください。'],
  ['合同', '双方同意在三十日内完成交付。', '付款方式为银行转账。'],
  ['مذكرة', 'يبدأ الاجتماع في الساعة العاشرة صباحا.', 'يرجى إحضار المستندات المطلوبة.'],
] as const;
/** A paragraph that is cut into several passages. */
const long = (seed: number) =>
  Array.from({ length: 40 }, (_, i) => `Sentence ${seed}.${i} speaks of harbours, tides & lanterns.`).join(' ');

interface Sample {
  readonly name: string;
  readonly type: string;
  readonly bytes: Uint8Array;
  /** Texts that must be found. */
  readonly holds: readonly string[];
  /** What each passage's place must say. */
  readonly place?: (place: { section?: string; page?: number; line?: number; cells?: string }) => boolean;
}

const samples: Sample[] = TEXTS.flatMap(([title, first, second], n) => {
  const more = long(n);
  const holds = [first, second, `Sentence ${n}.39`];
  const paragraphs = [`# ${title}`, first, more, second];
  const rows = [
    ['Nr', title],
    ['1', first],
    ['2', second],
  ];
  const open = 'application/vnd.oasis.opendocument';
  const ascii = n < 1;
  const all: (Sample | false)[] = [
    { name: 'docx', type: DOCX, bytes: docx(paragraphs), holds, place: ({ section }) => section === title },
    {
      name: 'xlsx',
      type: XLSX,
      bytes: xlsx([{ name: title, rows: [...rows, ['3', more]] }], { inline: n % 2 === 0 }),
      holds,
      place: ({ section, cells }) => section === title && (cells === undefined || /^[A-C]\d+(:[A-C]\d+)?$/.test(cells)),
    },
    {
      name: 'pptx',
      type: PPTX,
      bytes: pptx([{ title, paragraphs: [first, more] }, { paragraphs: [second] }]),
      holds,
      place: ({ page, section }) => (page === 1 ? section === title : section === 'Slide 2'),
    },
    {
      name: 'odt',
      type: `${open}.text`,
      bytes: odt(paragraphs, rows),
      holds,
      place: ({ section }) => section === title,
    },
    {
      name: 'ods',
      type: `${open}.spreadsheet`,
      bytes: ods(title, [...rows, ['3', more]]),
      holds,
      place: ({ section }) => section === title,
    },
    {
      name: 'odp',
      type: `${open}.presentation`,
      bytes: odp([[first, more], [second]]),
      holds,
      place: ({ page }) => page === 1 || page === 2,
    },
    {
      name: 'epub',
      type: 'application/epub+zip',
      bytes: epub([
        { title, paragraphs: [first, more] },
        { title: `${title} 2`, paragraphs: [second] },
      ]),
      holds,
      place: ({ section }) => section?.startsWith(title) === true,
    },
    { name: 'rtf', type: 'application/rtf', bytes: rtf([first, more, second], rows), holds },
    {
      name: 'eml',
      type: 'message/rfc822',
      bytes: email({ subject: title, text: `${first}\n\n${more}\n\n${second}` }),
      holds,
      place: ({ section }) => section === title,
    },
    {
      name: 'csv',
      type: 'text/csv',
      bytes: strToU8(`nr,text\n1,"${first}"\n2,"${more}"\n3,"${second}"\n`),
      holds,
      place: ({ line }) => line! <= 4,
    },
    {
      name: 'txt',
      type: 'text/plain',
      bytes: strToU8(`${first}\r\n\r\n${more}\r\n${second}`),
      holds,
      place: ({ line }) => line! <= 4,
    },
    {
      name: 'md',
      type: 'text/markdown',
      bytes: strToU8(`# ${title}\n\n${first}\n\n${more}\n\n${second}`),
      holds,
      place: ({ section, line }) => section === title && line! <= 7,
    },
    {
      name: 'html',
      type: 'text/html',
      bytes: strToU8(
        `<meta charset=utf-8><h1>${title}</h1><p>${first}<table><tr><td>1<td>${second}</table><p>${more.replaceAll('&', '&amp;')}`,
      ),
      holds,
      place: ({ section }) => section === title,
    },
    ascii && {
      name: 'pdf',
      type: 'application/pdf',
      bytes: pdf([first, second, ...Array.from({ length: 5 }, (_, i) => `Page ${i} of harbours.`)]),
      holds: [first, second, 'Page 4 of harbours.'],
      place: ({ page }) => page! >= 1 && page! <= 7,
    },
  ];
  return all.filter((one) => one !== false).map((one) => ({ ...one, name: `${title}.${one.name}` }));
});

describe('a hundred files that people have', () => {
  it('are there', () => expect(samples.length).toBeGreaterThanOrEqual(100));

  it.each(samples.map((sample) => [sample.name, sample] as const))(
    '%s: nothing is lost, and each citation is right',
    async (name, sample) => {
      const read = await reader.read(sample.bytes, { contentType: sample.type, fileName: name });
      expect(faultsOf(read, { holds: sample.holds })).toEqual([]);
      for (const passage of read.passages) if (sample.place) expect(sample.place(passage as never)).toBe(true);
    },
  );
});
