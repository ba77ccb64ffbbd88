/** The formats that can be read, and how people call them. */
export const DOCUMENT_TYPES = {
  'text/plain': 'plain text',
  'text/markdown': 'Markdown',
  'text/html': 'HTML',
  'text/csv': 'a table of text (CSV)',
  'application/pdf': 'a PDF',
  'application/vnd.openxmlformats-officedocument.wordprocessingml.document': 'a Word document (DOCX)',
  'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet': 'a spreadsheet (XLSX)',
  'application/vnd.openxmlformats-officedocument.presentationml.presentation': 'a presentation (PPTX)',
  'application/vnd.oasis.opendocument.text': 'an OpenDocument text (ODT)',
  'application/vnd.oasis.opendocument.spreadsheet': 'an OpenDocument spreadsheet (ODS)',
  'application/vnd.oasis.opendocument.presentation': 'an OpenDocument presentation (ODP)',
  'application/epub+zip': 'a book (EPUB)',
  'application/rtf': 'rich text (RTF)',
  'message/rfc822': 'an e-mail',
  'application/vnd.ms-outlook': 'an e-mail of Outlook (MSG)',
} as const;

export type DocumentType = keyof typeof DOCUMENT_TYPES;

const OFFICE = 'application/vnd.openxmlformats-officedocument';
export const DOCX: DocumentType = `${OFFICE}.wordprocessingml.document`;
export const XLSX: DocumentType = `${OFFICE}.spreadsheetml.sheet`;
export const PPTX: DocumentType = `${OFFICE}.presentationml.presentation`;
export const OUTLOOK = 'application/vnd.ms-outlook' satisfies DocumentType;

/** Other names of the same formats. Source code is plain text. */
const ALIASES: Record<string, DocumentType> = {
  'text/x-markdown': 'text/markdown',
  'application/xhtml+xml': 'text/html',
  'application/x-pdf': 'application/pdf',
  'text/tab-separated-values': 'text/csv',
  'application/csv': 'text/csv',
  'text/rtf': 'application/rtf',
  'application/x-rtf': 'application/rtf',
  'application/x-msg': OUTLOOK,
  'application/ms-tnef': OUTLOOK,
  'application/vnd.ms-tnef': OUTLOOK,
  'application/vnd.ms-excel.sheet.macroenabled.12': XLSX,
  'application/vnd.ms-powerpoint.presentation.macroenabled.12': PPTX,
  'application/vnd.ms-word.document.macroenabled.12': DOCX,
  [`${OFFICE}.wordprocessingml.template`]: DOCX,
  [`${OFFICE}.spreadsheetml.template`]: XLSX,
  [`${OFFICE}.presentationml.template`]: PPTX,
  [`${OFFICE}.presentationml.slideshow`]: PPTX,
  'application/vnd.oasis.opendocument.text-template': 'application/vnd.oasis.opendocument.text',
  'application/vnd.oasis.opendocument.spreadsheet-template': 'application/vnd.oasis.opendocument.spreadsheet',
  'application/vnd.oasis.opendocument.presentation-template': 'application/vnd.oasis.opendocument.presentation',
  ...Object.fromEntries(
    `json ld+json xml javascript ecmascript typescript x-typescript x-sh x-shellscript x-python x-php x-ruby x-perl x-httpd-php
    yaml x-yaml toml sql graphql x-tex x-latex x-ndjson jsonlines x-ipynb+json x-subrip`
      .split(/\s+/)
      .map((name) => [`application/${name}`, 'text/plain' as const]),
  ),
};
/**
 * Systems that do not know a file type call it this, see the archive in it or the program that opens it, or mistake
 * TypeScript for video and CSV for Excel.
 */
const UNKNOWN = new Set([
  'application/octet-stream',
  'binary/octet-stream',
  'application/force-download',
  'application/x-msdownload',
  'application/zip',
  'application/x-zip-compressed',
  'application/msword',
  'application/vnd.ms-powerpoint',
  'application/vnd.ms-excel',
  'video/mp2t',
  'video/vnd.dlna.mpeg-tts',
  '',
]);
const EXTENSIONS: Record<string, DocumentType> = {
  pdf: 'application/pdf',
  csv: 'text/csv',
  tsv: 'text/csv',
  md: 'text/markdown',
  markdown: 'text/markdown',
  htm: 'text/html',
  html: 'text/html',
  eml: 'message/rfc822',
  msg: OUTLOOK,
  rtf: 'application/rtf',
  epub: 'application/epub+zip',
  docx: DOCX,
  xlsx: XLSX,
  pptx: PPTX,
  odt: 'application/vnd.oasis.opendocument.text',
  ods: 'application/vnd.oasis.opendocument.spreadsheet',
  odp: 'application/vnd.oasis.opendocument.presentation',
  dotx: DOCX,
  docm: DOCX,
  xltx: XLSX,
  xlsm: XLSX,
  potx: PPTX,
  ppsx: PPTX,
  pptm: PPTX,
  ott: 'application/vnd.oasis.opendocument.text',
  ots: 'application/vnd.oasis.opendocument.spreadsheet',
  otp: 'application/vnd.oasis.opendocument.presentation',
  xhtml: 'text/html',
  ...Object.fromEntries(
    `txt log ts mts cts tsx js mjs cjs jsx json jsonl py rb php java kt kts scala c h cc cpp hpp cs go rs swift m mm sh bash zsh
    fish ps1 bat sql yaml yml toml ini cfg conf env xml svg css scss less vue svelte graphql gql proto tex r jl lua pl hs ml ex
    exs erl clj dart zig nim tf gradle cmake makefile dockerfile rst adoc asciidoc org bib srt vtt ics vcf ipynb diff patch
    properties`
      .split(/\s+/)
      .map((extension) => [extension, 'text/plain' as const]),
  ),
};

/** What Outlook calls its pack; browsers number files that they have saved before. */
const PACKED_BY_OUTLOOK = /^winmail(?:\s*\(\d+\))?\.dat$/i;

/**
 * Returns the format that a media type names, without its parameters, or that the name of a file tells where the media
 * type says nothing; undefined if it is none that can be read.
 */
export function documentType(contentType: string, fileName = ''): DocumentType | undefined {
  const name = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (name in DOCUMENT_TYPES) return name as DocumentType;
  const known = ALIASES[name];
  if (known !== undefined) return known;
  const extension = fileName.slice(fileName.lastIndexOf('.') + 1).toLowerCase();
  const byName = PACKED_BY_OUTLOOK.test(fileName) ? OUTLOOK : EXTENSIONS[extension];
  if (UNKNOWN.has(name)) return byName;
  // Languages have media types of many names: text/x-python, text/x-c, text/css.
  return name.startsWith('text/') ? (byName ?? 'text/plain') : undefined;
}
