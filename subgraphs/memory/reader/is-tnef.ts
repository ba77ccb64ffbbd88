/** What a file of TNEF begins with: Outlook packs an e-mail into one, which arrives as `winmail.dat`. */
const SIGNATURE = 0x22_3e_9f_78;
/** The signature, and a key that says nothing. */
export const TNEF_HEAD = 6;

/** Returns whether a file is an e-mail that Outlook has packed. */
export const isTnef = (bytes: Uint8Array): boolean =>
  bytes.byteLength > TNEF_HEAD && Buffer.from(bytes.buffer, bytes.byteOffset, 4).readUInt32LE(0) === SIGNATURE;
