/** Frames are cut from slabs of this size: a buffer of its own for each costs more than all of the copying. */
const SLAB = 64 * 1024;
/** Larger frames get a buffer of their own. */
const MAX_CUT = 16 * 1024;

let slab = Buffer.alloc(0);
let used = 0;

/**
 * Returns JSON text between what a protocol wants before and after it, as one buffer: one copy, whether the JSON is a
 * string or bytes that came from elsewhere.
 */
export function frameJson(head: string, json: string | Uint8Array, tail: string): Buffer {
  if (typeof json === 'string') return Buffer.from(head + json + tail);
  const begin = Buffer.byteLength(head);
  const end = begin + json.byteLength;
  const frame = cut(end + Buffer.byteLength(tail));
  frame.write(head);
  frame.set(json, begin);
  frame.write(tail, end);
  return frame;
}

function cut(size: number): Buffer {
  if (size > MAX_CUT) return Buffer.allocUnsafe(size);
  if (used + size > slab.length) {
    slab = Buffer.allocUnsafeSlow(SLAB);
    used = 0;
  }
  const frame = slab.subarray(used, used + size);
  used += size;
  return frame;
}
