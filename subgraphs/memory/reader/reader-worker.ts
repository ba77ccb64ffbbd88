// The thread of DocumentReader. It may be ended at any moment, so it keeps nothing.
import { parentPort } from 'node:worker_threads';
import { giveWay } from '#platform/base/worker/priority.ts';
import { DocumentProblem, type ProblemCode } from './problem.ts';
import { type ReadDocument, readDocument } from './read-document.ts';

export interface ReadRequest {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

export type ReadAnswer =
  | { readonly document: ReadDocument }
  | { readonly problem: { readonly code: ProblemCode; readonly message: string } }
  | { readonly failure: string };

// Documents are read in the background.
giveWay(10);

parentPort?.on('message', async ({ bytes, contentType }: ReadRequest) => {
  let answer: ReadAnswer;
  try {
    answer = { document: await readDocument(bytes, contentType) };
  } catch (error) {
    answer =
      error instanceof DocumentProblem
        ? { problem: { code: error.code, message: error.message } }
        : { failure: error instanceof Error ? (error.stack ?? error.message) : String(error) };
  }
  parentPort?.postMessage(answer);
});
