import { createHash } from 'node:crypto';
import { documentType } from './file-kind.ts';

/** A file that is attached to a PDF. */
export interface AttachedFile {
  readonly name: string;
  /** Absent where it is of no format that is read. */
  readonly content?: Uint8Array;
}

/** What the library offers of the files of a PDF. */
interface Attaching {
  getAttachments(): Promise<ReadonlyMap<string, { readonly filename: string }> | null>;
  getAttachmentContent(id: string): Promise<Uint8Array | null>;
}

/** Files of one PDF that are read. */
const MAX_FILES = 50;

/**
 * Returns the files that are attached to a PDF as a whole, and those at places of its pages, each once. One is
 * unpacked at a time, and only where its name tells a format that is read; what is damaged is left out.
 *
 * @param atPages the names of those, by the library's ids.
 */
export async function* attachedFiles(
  pdf: Attaching,
  atPages: ReadonlyMap<string, string>,
): AsyncGenerator<AttachedFile> {
  const names = new Map(atPages);
  for (const [id, { filename }] of (await pdf.getAttachments().catch(() => null)) ?? []) names.set(id, filename);
  const seen = new Set<string>();
  for (const [id, filename] of [...names].slice(0, MAX_FILES)) {
    const name = filename.trim() || 'Attachment';
    const isRead = documentType('', name) !== undefined;
    const content = isRead ? await pdf.getAttachmentContent(id).catch(() => null) : undefined;
    if (content === null) continue;
    const key = `${name} ${content ? createHash('sha256').update(content).digest('hex') : ''}`;
    if (seen.has(key)) continue;
    seen.add(key);
    yield content ? { name, content } : { name };
  }
}
