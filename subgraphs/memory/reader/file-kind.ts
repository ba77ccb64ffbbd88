import { fileTypeFromBuffer } from 'file-type';
import { Archive } from './archive.ts';
import { DocumentProblem } from './problem.ts';

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
} as const;

export type DocumentType = keyof typeof DOCUMENT_TYPES;

const OFFICE = 'application/vnd.openxmlformats-officedocument';
export const DOCX: DocumentType = `${OFFICE}.wordprocessingml.document`;
export const XLSX: DocumentType = `${OFFICE}.spreadsheetml.sheet`;
export const PPTX: DocumentType = `${OFFICE}.presentationml.presentation`;

/** What the files of packed formats begin with; archives that tell nothing else are known by it. */
const PARTS: Partial<Record<DocumentType, string>> = {
  [DOCX]: 'word/',
  [XLSX]: 'xl/',
  [PPTX]: 'ppt/',
  'application/vnd.oasis.opendocument.text': 'content.xml',
  'application/vnd.oasis.opendocument.spreadsheet': 'content.xml',
  'application/vnd.oasis.opendocument.presentation': 'content.xml',
  'application/epub+zip': 'META-INF/container.xml',
};

/** Other names of the same formats. Source code is plain text. */
const ALIASES: Record<string, DocumentType> = {
  'text/x-markdown': 'text/markdown',
  'application/xhtml+xml': 'text/html',
  'application/x-pdf': 'application/pdf',
  'text/tab-separated-values': 'text/csv',
  'application/csv': 'text/csv',
  'text/rtf': 'application/rtf',
  'application/x-rtf': 'application/rtf',
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
    yaml x-yaml toml sql graphql x-tex x-latex x-ndjson jsonlines`
      .split(/\s+/)
      .map((name) => [`application/${name}`, 'text/plain' as const]),
  ),
};
/** Systems that do not know a file type call it this, or mistake TypeScript for video and CSV for Excel. */
const UNKNOWN = new Set([
  'application/octet-stream',
  'video/mp2t',
  'video/vnd.dlna.mpeg-tts',
  'application/vnd.ms-excel',
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
    exs erl clj dart zig nim tf gradle cmake makefile dockerfile`
      .split(/\s+/)
      .map((extension) => [extension, 'text/plain' as const]),
  ),
};

/**
 * Returns the format that a media type names, without its parameters, or that the name of a file tells where the media
 * type says nothing; undefined if it is none that can be read.
 */
export function documentType(contentType: string, fileName = ''): DocumentType | undefined {
  const name = contentType.split(';', 1)[0]!.trim().toLowerCase();
  if (name in DOCUMENT_TYPES) return name as DocumentType;
  const known = ALIASES[name];
  if (known !== undefined) return known;
  const byName = EXTENSIONS[fileName.slice(fileName.lastIndexOf('.') + 1).toLowerCase()];
  if (UNKNOWN.has(name)) return byName;
  // Languages have media types of many names: text/x-python, text/x-c, text/css.
  return name.startsWith('text/') ? (byName ?? 'text/plain') : undefined;
}

/**
 * Compares what a file is said to be with what it is.
 *
 * @throws {DocumentProblem} TYPE_MISMATCH when it is something else, PASSWORD_PROTECTED for an encrypted Office file.
 */
export async function checkType(bytes: Uint8Array, declared: DocumentType): Promise<void> {
  const found = await fileTypeFromBuffer(bytes.subarray(0, 1 << 20)).catch(() => undefined);
  const mime = found?.mime as string | undefined;
  if (mime !== undefined && documentType(mime) === declared) return;
  if (mime === 'application/x-cfb' && PARTS[declared] && Buffer.from(bytes).includes(ENCRYPTED_PACKAGE))
    throw new DocumentProblem(
      'PASSWORD_PROTECTED',
      'The document is protected by a password: save a copy without one and upload that.',
    );
  // Markup and subtitles are text as well; whatever else has a signature is binary.
  const isText = declared.startsWith('text/') || declared === 'message/rfc822';
  if (isText && (mime === undefined || mime.startsWith('text/') || mime === 'application/xml')) return;
  const part = PARTS[declared];
  // Programs write the part that tells the format at the end of an archive, too.
  if (part !== undefined && mime === 'application/zip') {
    using archive = await Archive.open(bytes, 'The document');
    if (archive.names.some((name) => name.startsWith(part))) return;
  }
  const what = mime === undefined ? 'something else' : `a file of type ${mime}`;
  throw new DocumentProblem(
    'TYPE_MISMATCH',
    `The file was declared as ${DOCUMENT_TYPES[declared]}, but its content is ${what}.`,
  );
}

/** The name of the stream that holds an encrypted Office file, as compound files write it. */
const ENCRYPTED_PACKAGE = Buffer.from('EncryptedPackage', 'utf16le');

/**
 * Decodes a text file: by its byte order mark, as UTF-8, or as the encoding that its media type or its HTML names.
 *
 * @throws {DocumentProblem} TYPE_MISMATCH when it is not text in any of these.
 */
export function decodeText(bytes: Uint8Array, declared: DocumentType, contentType: string): string {
  const text = decode(bytes, declared, contentType);
  // Control characters are not in texts, but in every binary format.
  if (text?.includes('\0') === false) return text.replace(/\r\n?/g, '\n');
  throw new DocumentProblem(
    'TYPE_MISMATCH',
    `The file was declared as ${DOCUMENT_TYPES[declared]}, but it is binary or in an unknown encoding: save it as UTF-8.`,
  );
}

function decode(bytes: Uint8Array, declared: DocumentType, contentType: string): string | undefined {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return tryDecode(bytes, 'utf-16le');
  if (first === 0xfe && second === 0xff) return tryDecode(bytes, 'utf-16be');
  const utf8 = tryDecode(bytes, 'utf-8');
  if (utf8 !== undefined) return utf8;
  const head = declared === 'text/html' ? Buffer.from(bytes.subarray(0, 2048)).toString('latin1') : '';
  const label = /charset=["']?([\w-]+)/i.exec(contentType)?.[1] ?? /charset=["']?([\w-]+)/i.exec(head)?.[1];
  // Excel saves tables in the encoding of Windows, and browsers do not say so.
  return tryDecode(bytes, label ?? (declared === 'text/csv' ? 'windows-1252' : 'utf-8'));
}

function tryDecode(bytes: Uint8Array, label: string): string | undefined {
  try {
    return new TextDecoder(label, { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
