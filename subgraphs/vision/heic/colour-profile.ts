const NAME = Buffer.from('ICC_PROFILE\0', 'latin1');
/** A segment says its own length in 16 bits; the name and two counters are part of it. */
const MAX_PIECE = 65_535 - 2 - NAME.length - 2;
const MAX_PIECES = 255;

/** Adds a colour profile to a JPEG that has none; a profile that is too large for the format is left out. */
export function withProfile(jpeg: Uint8Array, icc: Uint8Array): Uint8Array {
  const pieces = Math.ceil(icc.byteLength / MAX_PIECE);
  if (pieces > MAX_PIECES) return jpeg;
  const segments = Array.from({ length: pieces }, (_, i) => {
    const piece = icc.subarray(i * MAX_PIECE, (i + 1) * MAX_PIECE);
    const head = Buffer.from([0xff, 0xe2, 0, 0]);
    head.writeUInt16BE(2 + NAME.length + 2 + piece.byteLength, 2);
    return Buffer.concat([head, NAME, Buffer.from([i + 1, pieces]), piece]);
  });
  // Behind the mark with which a JPEG begins.
  return Buffer.concat([jpeg.subarray(0, 2), ...segments, jpeg.subarray(2)]);
}
