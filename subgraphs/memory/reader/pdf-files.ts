/** A file that is attached to a PDF. */
export interface AttachedFile {
  readonly name: string;
  readonly content: Uint8Array;
}

/** What the library offers of the files of a PDF. */
interface Attaching {
  getAttachments(): Promise<ReadonlyMap<string, { readonly filename: string }> | null>;
  getAttachmentContent(id: string): Promise<Uint8Array | null>;
}

/** Files of one PDF that are read. */
const MAX_FILES = 50;

/**
 * Returns the files that are attached to a PDF as a whole, and those at places of its pages, each once. What is damaged
 * of them is left out.
 *
 * @param atPages the names of those, by the library's ids.
 */
export async function attachedFiles(pdf: Attaching, atPages: ReadonlyMap<string, string>): Promise<AttachedFile[]> {
  const names = new Map(atPages);
  for (const [id, { filename }] of (await pdf.getAttachments().catch(() => null)) ?? []) names.set(id, filename);
  const files = new Map<string, AttachedFile>();
  for (const [id, filename] of [...names].slice(0, MAX_FILES)) {
    const content = await pdf.getAttachmentContent(id).catch(() => null);
    const name = filename.trim() || 'Attachment';
    if (content) files.set(`${name} ${content.byteLength}`, { name, content });
  }
  return [...files.values()];
}
