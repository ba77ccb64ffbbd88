import { decompressRTF } from '@kenjiuno/decompressrtf';
import { readRtf } from './rtf.ts';

/** The length of the file comes first, without its own four bytes. */
const LENGTH_BYTES = 4;

/** Returns the text of RTF as Outlook stores it in e-mails, or nothing for what is damaged. */
export function textOfCompressedRtf(bytes: Buffer): string {
  // The library believes the length.
  if (bytes.length < 16 || bytes.readUInt32LE(0) + LENGTH_BYTES > bytes.length) return '';
  try {
    return readRtf(Uint8Array.from(decompressRTF([...bytes]))).text;
  } catch {
    return '';
  }
}
