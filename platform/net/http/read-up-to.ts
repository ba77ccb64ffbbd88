/** The part of a body that was read. */
export interface ReadText {
  readonly text: string;
  /** The body was longer than the limit: the text ends somewhere before. */
  readonly isCut: boolean;
}

/** Reads a body as text up to a limit, and leaves the rest. */
export async function readUpTo(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<ReadText> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.byteLength;
    if (bytes > maxBytes) break;
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString(), isCut: bytes > maxBytes };
}
