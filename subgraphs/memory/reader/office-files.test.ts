import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { DocumentReader } from './document-reader.ts';
import { faultsOf } from './testing/judge.ts';
import { expectedOf } from './testing/office-expected.ts';
import { KEPT } from './testing/office-files.ts';
import { WRITINGS } from './testing/office-sources.ts';

const reader = new DocumentReader();
afterAll(() => reader[Symbol.asyncDispose]());

describe('a file that LibreOffice wrote', () => {
  it.each(KEPT)('%s is read with all of its words, each cited where it is', async (name) => {
    const [, kind, language, format] = /^(\w+)-(\w+)\.(\w+)$/.exec(name)!;
    const bytes = await readFile(path.join(import.meta.dirname, 'testing/office', name));
    const read = await reader.read(bytes, { contentType: 'application/octet-stream', fileName: name });
    const writing = WRITINGS.find((one) => one.language === language)!;
    expect(faultsOf(read, expectedOf(kind as 'text', format!, writing))).toEqual([]);
  });
});
