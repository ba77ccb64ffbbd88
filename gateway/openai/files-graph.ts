import { readOperations } from '../doors/operations.ts';

/** The operations behind /v1/files and /v1/vector_stores. */
export const FILES = readOperations<
  | 'OpenAiUploadFile'
  | 'OpenAiFiles'
  | 'OpenAiFile'
  | 'OpenAiDocuments'
  | 'OpenAiFileContent'
  | 'OpenAiDeleteFile'
  | 'OpenAiStores'
  | 'OpenAiStore'
  | 'OpenAiKeepStore'
  | 'OpenAiDropStore'
  | 'OpenAiSearchStore'
>(new URL('./files.graphql', import.meta.url));
