/** A part that is longer is not an event, in bytes. */
const MAX_PART = 16 * 1024 * 1024;
const BLANK_LINE = Buffer.from('\r\n\r\n');

/**
 * Reads the bodies of the parts of a `multipart/mixed` stream (RFC 2046), each as soon as the boundary after it has
 * come. What stands before the first boundary and after the last one is left out.
 *
 * @param type the Content-Type, which names the boundary; `-` without.
 * @throws when a part is longer than 16 MB, or the stream ends before its last boundary.
 */
export async function* readParts(body: AsyncIterable<Uint8Array>, type: string): AsyncGenerator<string> {
  // With its line break: the text of an event may hold the rest of it, as `---` often is a boundary.
  const boundary = Buffer.from(`\r\n--${boundaryOf(type)}`);
  let buffer: Buffer = Buffer.from('\r\n');
  let isInPart = false;
  let searched = 0;
  for await (const chunk of body) {
    buffer = Buffer.concat([buffer, chunk]);
    for (;;) {
      const at = buffer.indexOf(boundary, searched);
      // The two bytes after it tell whether it is the last one.
      if (at < 0 || buffer.length < at + boundary.length + 2) {
        searched = at < 0 ? Math.max(0, buffer.length - boundary.length) : at;
        break;
      }
      const part = buffer.subarray(0, at);
      const isLast = buffer.subarray(at + boundary.length, at + boundary.length + 2).toString() === '--';
      buffer = buffer.subarray(at + boundary.length);
      searched = 0;
      if (isInPart) yield bodyOf(part);
      if (isLast) return;
      isInPart = true;
    }
    if (buffer.length > MAX_PART) throw new SyntaxError(`A part is longer than ${MAX_PART} bytes.`);
  }
  throw new SyntaxError('The stream ended before its last boundary.');
}

function boundaryOf(type: string): string {
  const [, quoted, plain] = /;\s*boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(type) ?? [];
  return quoted ?? plain ?? '-';
}

/** Without the headers of the part, and the line break that belongs to the boundary after it. */
function bodyOf(part: Buffer): string {
  const end = part.indexOf(BLANK_LINE);
  return part
    .subarray(end < 0 ? 0 : end + BLANK_LINE.length)
    .toString()
    .trim();
}
