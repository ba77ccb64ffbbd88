import { burn } from '@kenjiuno/msgreader/lib/Burner.js';

/** A text as a property of Unicode. */
export const utf = (value: string): Buffer => Buffer.from(value, 'utf16le');

/** A `.msg` of properties and attached files, as Outlook saves one. */
export function msg(
  fields: Record<string, Buffer>,
  attached: readonly Record<string, Buffer>[] = [],
  numbers = Buffer.alloc(0),
): Uint8Array {
  const entries: {
    name: string;
    type: number;
    length: number;
    children?: number[];
    binaryProvider?: () => Uint8Array;
  }[] = [];
  const stream = (name: string, bytes: Buffer) =>
    entries.push({ name, type: 2, length: bytes.length, binaryProvider: () => Uint8Array.from(bytes) }) - 1;
  const root = { name: 'Root Entry', type: 5, length: 0, children: [] as number[] };
  entries.push(root);
  root.children.push(stream('__properties_version1.0', Buffer.concat([Buffer.alloc(32), numbers])));
  for (const [name, bytes] of Object.entries(fields)) root.children.push(stream(`__substg1.0_${name}`, bytes));
  for (const [i, one] of attached.entries()) {
    const folder = { name: `__attach_version1.0_#0000000${i}`, type: 1, length: 0, children: [] as number[] };
    root.children.push(entries.push(folder) - 1);
    folder.children.push(stream('__properties_version1.0', Buffer.alloc(8)));
    for (const [name, bytes] of Object.entries(one)) folder.children.push(stream(`__substg1.0_${name}`, bytes));
  }
  return burn(entries);
}
