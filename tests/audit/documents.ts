// What readers make of the files that LibreOffice writes: `npm run audit -- documents [--keep FOLDER] [--write]`.
// Sources in eight languages (a text, a workbook, slides) are converted to every format that is read, damaged, locked,
// and said to be what they are not; texts, mails and code are written in several encodings: each file must be read with
// all of its words, cited where they are, or refused with advice. `--write` keeps those of
// subgraphs/memory/reader/testing/office, which the suite reads without LibreOffice.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { DocumentReader } from '../../subgraphs/memory/reader/document-reader.ts';
import { DocumentProblem } from '../../subgraphs/memory/reader/problem.ts';
import { type Expected, faultsOf } from '../../subgraphs/memory/reader/testing/judge.ts';
import { expectedOf } from '../../subgraphs/memory/reader/testing/office-expected.ts';
import { KEPT } from '../../subgraphs/memory/reader/testing/office-files.ts';
import { sheetsOf, slidesOf, textOf, WRITINGS } from '../../subgraphs/memory/reader/testing/office-sources.ts';
import { email } from '../../subgraphs/memory/reader/testing/packed-files.ts';

const run = promisify(execFile);
const SOFFICE = process.env['SOFFICE'] ?? 'soffice';
const installed = await run(SOFFICE, ['--version']).catch(() => undefined);
if (installed === undefined) {
  console.error(
    'LibreOffice is not here. On Debian: apt-get install --no-install-recommends libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui fonts-dejavu-core fonts-wqy-zenhei; or name its program with SOFFICE.',
  );
  process.exit(2);
}
const keepAt = process.argv.indexOf('--keep');
const folder =
  keepAt === -1
    ? await mkdtemp(path.join(tmpdir(), 'sextant-documents-'))
    : path.resolve(process.argv[keepAt + 1] ?? '');
await mkdir(folder, { recursive: true });

const KINDS = {
  text: { source: textOf, flat: 'fodt', formats: ['docx', 'odt', 'rtf', 'epub', 'pdf', 'html', 'xhtml', 'txt', 'doc'] },
  sheets: { source: sheetsOf, flat: 'fods', formats: ['xlsx', 'ods', 'csv', 'html', 'pdf', 'xls'] },
  slides: { source: slidesOf, flat: 'fodp', formats: ['pptx', 'odp', 'pdf', 'ppt'] },
} as const;
/** How LibreOffice is told of formats that it does not know by their ending alone. */
const FILTERS: Readonly<Record<string, string>> = {
  'text.txt': 'txt:Text (encoded):UTF8',
  'text.xhtml': 'xhtml:XHTML Writer File',
  'sheets.csv': 'csv:Text - txt - csv (StarCalc):44,34,76',
};
const LOCKED =
  'pdf:writer_pdf_Export:{"EncryptFile":{"type":"boolean","value":"true"},"DocumentOpenPassword":{"type":"string","value":"quay"}}';
const LEGACY = new Set(['doc', 'xls', 'ppt']);
const TYPES: Readonly<Record<string, string>> = {
  doc: 'application/msword',
  xls: 'application/vnd.ms-excel',
  ppt: 'application/vnd.ms-powerpoint',
  xhtml: 'application/xhtml+xml',
  html: 'text/html',
  txt: 'text/plain',
  csv: 'text/csv',
  pdf: 'application/pdf',
};

interface Case {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly type: string;
  readonly outcome: Expected | { readonly refused: readonly string[] };
}

async function convert(to: string, sources: readonly string[], into: string): Promise<void> {
  await mkdir(into, { recursive: true });
  const profile = `-env:UserInstallation=file://${path.join(folder, 'profile')}`;
  await run(SOFFICE, [profile, '--headless', '--convert-to', to, '--outdir', into, ...sources], { timeout: 300_000 });
}

const cases: Case[] = [];
const typeOf = (name: string) => TYPES[name.slice(name.lastIndexOf('.') + 1)] ?? 'application/octet-stream';
for (const [kind, { source, flat, formats }] of Object.entries(KINDS) as [
  keyof typeof KINDS,
  (typeof KINDS)['text'],
][]) {
  const sources = await Promise.all(
    WRITINGS.map(async (writing) => {
      const file = path.join(folder, `${kind}-${writing.language}.${flat}`);
      await writeFile(file, source(writing));
      return file;
    }),
  );
  for (const format of formats) {
    await convert(FILTERS[`${kind}.${format}`] ?? format, sources, path.join(folder, kind));
    for (const writing of WRITINGS) {
      const name = `${kind}-${writing.language}.${format}`;
      const bytes = await readFile(path.join(folder, kind, name));
      const outcome = LEGACY.has(format) ? { refused: ['UNSUPPORTED_TYPE'] } : expectedOf(kind, format, writing);
      cases.push({ name, bytes, type: typeOf(name), outcome });
      if (writing.language !== 'en' || LEGACY.has(format)) continue;
      const cut = bytes.subarray(0, Math.floor(bytes.length / 2));
      // What is text can be read as far as it goes; a PDF tells its pages at its end.
      if (!/txt|html|csv|rtf/.test(format))
        cases.push({
          name: `cut ${name}`,
          bytes: cut,
          type: typeOf(name),
          outcome: { refused: ['DAMAGED', 'NO_TEXT', 'TYPE_MISMATCH'] },
        });
      cases.push({
        name: `empty ${name}`,
        bytes: new Uint8Array(),
        type: typeOf(name),
        outcome: { refused: ['NO_TEXT'] },
      });
      if (!/txt|csv/.test(format))
        cases.push({
          name: `${name} as a picture`,
          bytes,
          type: 'image/png',
          outcome: { refused: ['UNSUPPORTED_TYPE'] },
        });
    }
  }
  if (kind === 'text') {
    await convert(LOCKED, [sources[0]!], path.join(folder, 'locked'));
    const bytes = await readFile(path.join(folder, 'locked', 'text-en.pdf'));
    cases.push({
      name: 'locked text-en.pdf',
      bytes,
      type: 'application/pdf',
      outcome: { refused: ['PASSWORD_PROTECTED'] },
    });
  }
}
for (const { language, title, second, sentences, items } of WRITINGS) {
  const text = [title, ...sentences, ...items].join('\n\n');
  const wide = Buffer.from(`\ufeff${text}`, 'utf16le');
  const holds = [...sentences, ...items];
  const add = (name: string, bytes: Uint8Array, outcome: Case['outcome'], type = 'text/plain') =>
    cases.push({ name: name.replace('LANGUAGE', language), bytes, type, outcome });
  add('marked-LANGUAGE.txt', Buffer.from(`\ufeff${text}`), { holds });
  add('utf-16-LANGUAGE.txt', wide, { holds });
  add('utf-16be-LANGUAGE.txt', Buffer.from(wide).swap16(), { holds });
  add('carriage-returns-LANGUAGE.txt', Buffer.from(text.replaceAll('\n', '\r')), { holds });
  const markdown = `# ${title}\n\n${sentences[0]}\n\n- ${items[0]}\n  - ${items[1]}\n\n${second}\n---\n\n| a | b |\n|---|---|\n| ${sentences[1]} | c |\n\n${sentences[2]}\n`;
  const sections = [
    [items[1], { section: title }],
    [sentences[1], { section: `${title} › ${second}` }],
  ] as const;
  add('notes-LANGUAGE.md', Buffer.from(markdown), { holds, places: sections }, 'text/markdown');
  const mail = email({ subject: title, text: [...sentences, ...items].join('\r\n\r\n'), attachment: 'plan.pdf' });
  add(
    'letter-LANGUAGE.eml',
    mail,
    { holds: [...holds, 'plan.pdf'], places: [[items[0], { section: title }]] },
    'message/rfc822',
  );
  const code = `// ${sentences[0]}\n\nconst note = ${JSON.stringify(items[0])};\n/* ${items[1]} */\n`;
  add('main-LANGUAGE.ts', Buffer.from(code), { holds: [sentences[0], ...items] }, 'video/mp2t');
  // Letters of one byte each, in an encoding that nothing names.
  if (language === 'de' || language === 'fr')
    add('unnamed-encoding-LANGUAGE.txt', Buffer.from(text.replaceAll('œ', 'oe'), 'latin1'), {
      holds: holds.map((words) => words.replaceAll('œ', 'oe')),
    });
}
if (process.argv.includes('--write')) {
  const into = path.join(import.meta.dirname, '../../subgraphs/memory/reader/testing/office');
  await rm(into, { recursive: true, force: true });
  await mkdir(into);
  for (const { name, bytes } of cases)
    if (KEPT.includes(name)) await writeFile(path.join(into, name.replaceAll(' ', '-')), bytes);
}

await using reader = new DocumentReader();
const sums = new Map<string, { files: number; read: number; refused: number; wrong: number }>();
let wrong = 0;
for (const { name, bytes, type, outcome } of cases) {
  const format = name.slice(name.lastIndexOf('.') + 1).replace(/ .*/, '');
  const sum = sums.get(format) ?? { files: 0, read: 0, refused: 0, wrong: 0 };
  sums.set(format, sum);
  sum.files++;
  const faults = await reader.read(bytes, { contentType: type, fileName: name }).then(
    (read) => {
      sum.read++;
      return 'refused' in outcome ? ['is read, and should be refused'] : faultsOf(read, outcome);
    },
    (error: unknown) => {
      sum.refused++;
      const code = error instanceof DocumentProblem ? error.code : String(error);
      return 'refused' in outcome && outcome.refused.includes(code) ? [] : [`is refused: ${code} ${String(error)}`];
    },
  );
  if (faults.length === 0) continue;
  sum.wrong++;
  wrong++;
  console.log(`${name}:\n  ${faults.join('\n  ')}`);
}
console.table(Object.fromEntries([...sums].sort(([a], [b]) => a.localeCompare(b))));
console.log(`${installed.stdout.trim()}: ${cases.length - wrong} passed, ${wrong} failed`);
if (keepAt === -1) await rm(folder, { recursive: true, force: true });
if (wrong > 0) process.exitCode = 1;
