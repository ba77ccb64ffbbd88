import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scannedPdf } from '#subgraphs/memory/reader/testing/files.ts';
import { TestUser } from './testing/client.ts';
import { MODES } from './testing/modes.ts';
import type { RunningGraph } from './testing/sextant.ts';

interface Document {
  readonly id: string;
  readonly status: string;
  readonly progress: { readonly done: number; readonly total: number };
  readonly problem: { readonly code: string } | null;
  readonly textUrl: string | null;
}
interface Upload {
  readonly url: string;
  readonly headers: readonly { readonly name: string; readonly value: string }[];
}

const BEGIN = `mutation ($input: CreateDocumentUploadInput!) { createDocumentUpload(input: $input) {
  document { id } upload { url headers { name value } } } }`;
const READ =
  '{ document(id: $id) { id status progress { done total } problem { code } textUrl } images { nodes { id } } }';

describe.each(MODES)('documents of pictures, %s', (_, skipped, start) => {
  describe.skipIf(skipped)('a PDF', () => {
    const lifecycle = new AsyncDisposableStack();
    let graph: RunningGraph;
    let ada: TestUser;
    beforeAll(async () => {
      graph = await start({}, lifecycle);
      ada = await TestUser.signUp(graph.url);
    }, 120_000);
    afterAll(() => lifecycle.disposeAsync(), 60_000);

    it('of scanned pages is read page by page, found, and cited with its page', async () => {
      const page = await readFile(new URL('../subgraphs/vision/testing/page.png', import.meta.url));
      const { data: jpeg, info } = await sharp(page)
        .toColourspace('b-w')
        .jpeg({ quality: 90 })
        .toBuffer({ resolveWithObject: true });
      const scan = { jpeg, width: info.width, height: info.height };
      const bytes = scannedPdf([scan, 'A page of text speaks of whales.', scan]);
      const input = { fileName: 'scan.pdf', contentType: 'application/pdf', size: bytes.byteLength };
      const { createDocumentUpload } = await ada.run<
        { createDocumentUpload: { document: { id: string }; upload: Upload } },
        { input: object }
      >(BEGIN, { input });
      const { id } = createDocumentUpload.document;
      const { url, headers } = createDocumentUpload.upload;
      const here = (link: string) => link.replace(/^https?:\/\/[^/]+/, ada.url);
      const sent = await fetch(here(url), {
        method: 'PUT',
        headers: Object.fromEntries(headers.map(({ name, value }) => [name, value])),
        body: bytes as BodyInit,
      });
      expect(sent.status).toBe(200);
      const read = () =>
        ada.run<{ document: Document; images: { nodes: object[] } }, { id: string }>(`query ($id: ID!) ${READ}`, {
          id,
        });
      const totals = new Set<number>();
      await expect
        .poll(
          async () => {
            const { document, images } = await read();
            totals.add(document.progress.total);
            // The pages are not pictures of the gallery.
            expect(images.nodes).toEqual([]);
            return document.problem?.code ?? document.status;
          },
          { timeout: 110_000, interval: 200 },
        )
        .toBe('READY');
      const { document } = await read();
      const text = await (await fetch(here(document.textUrl!))).text();
      expect(text.match(/Invoice 2047 was paid on 14 March 2026/g)).toHaveLength(2);
      const { searchKnowledge } = await ada.run<
        {
          searchKnowledge: {
            matches: { passage: { text: string; citation: { page: number; start: number; end: number } } }[];
          };
        },
        { input: object }
      >(
        'query ($input: SearchKnowledgeInput!) { searchKnowledge(input: $input) { matches { passage { text citation { page start end } } } } }',
        { input: { query: 'whales', mode: 'KEYWORD' } },
      );
      const { text: found, citation } = searchKnowledge.matches[0]!.passage;
      expect(found).toContain('whales');
      expect(text.slice(citation.start, citation.end)).toBe(found);
    }, 120_000);
  });
});
