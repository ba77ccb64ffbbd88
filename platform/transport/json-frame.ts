/**
 * JSON text between what a protocol wants before and after it, as one buffer: one copy, whether the JSON is a string or
 * bytes that came from elsewhere.
 */
export function frameJson(head: string, json: string | Uint8Array, tail: string): Buffer {
  if (typeof json === 'string') return Buffer.from(head + json + tail);
  const begin = Buffer.byteLength(head);
  const end = begin + json.byteLength;
  const frame = Buffer.allocUnsafe(end + Buffer.byteLength(tail));
  frame.write(head);
  frame.set(json, begin);
  frame.write(tail, end);
  return frame;
}
