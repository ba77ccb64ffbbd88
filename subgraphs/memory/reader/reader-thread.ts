// The thread of DocumentReader. It may be ended at any moment, so it keeps nothing.
import { giveWay } from '#platform/base/thread/priority.ts';
import { serve } from '#platform/base/thread/thread-rpc.ts';
import { DocumentProblem, type ProblemCode } from './problem.ts';
import { type ReadDocument, readDocument } from './read-document.ts';

export interface ReadRequest {
  readonly bytes: Uint8Array;
  readonly contentType: string;
  readonly fileName?: string | undefined;
  /** What was read in pages that are pictures, by their number. */
  readonly recognised?: Readonly<Record<number, string>> | undefined;
}

export interface RenderRequest {
  readonly bytes: Uint8Array;
  readonly pages: readonly number[];
}

/** A page of a PDF as a picture. */
export interface RenderedPage {
  readonly number: number;
  readonly png: Uint8Array;
}

/** The answer of a thread: what was asked of it, or what is wrong with the document. */
export type Answer<Value> =
  | { readonly value: Value }
  | { readonly problem: { readonly code: ProblemCode; readonly message: string } };

async function answer<Value>(work: () => Promise<Value>): Promise<Answer<Value>> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof DocumentProblem) return { problem: { code: error.code, message: error.message } };
    throw error;
  }
}

const methods = {
  read: ({ bytes, contentType, fileName, recognised }: ReadRequest): Promise<Answer<ReadDocument>> =>
    answer(() => readDocument(bytes, contentType, { fileName, recognised })),
  render: ({ bytes, pages }: RenderRequest): Promise<Answer<RenderedPage[]>> =>
    answer(async () => (await import('./render-pdf.ts')).renderPdf(bytes, pages)),
};
export type ReaderMethods = typeof methods;

// Documents are read in the background.
giveWay(10);
serve(() => methods);
