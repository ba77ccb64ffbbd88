import type { Document } from '#prisma/memory/client/client.ts';
import { SHARED_TENANT, tenantOf } from '../indexes.ts';
import type { MemoryParts } from '../parts.ts';

/** The folder of the blobs of all documents. */
export const FOLDER = 'memory/documents/';
/** Returns the folder of a document's blobs. */
export const folderOf = (documentId: string): string => `${FOLDER}${documentId}/`;
/** Returns the key of a document's file. */
export const originalOf = (documentId: string): string => `${folderOf(documentId)}original`;
/** Returns the text that the offsets of passages point into. */
export const textBlobOf = (documentId: string): string => `${folderOf(documentId)}text`;

/** Returns the part of the knowledge index that holds a document. */
export const tenantOfDocument = ({ access, ownerId }: Pick<Document, 'access' | 'ownerId'>): string =>
  access === 'SHARED' ? SHARED_TENANT : tenantOf(ownerId);

/** Returns the topic on which the progress of a document is told. */
export const progressTopic = (documentId: string): string => `memory:document:${documentId}`;

/** Tells the readers who follow a document that it has changed; they read the rest from the database. */
export const announce = (
  { topics }: Pick<MemoryParts, 'topics'>,
  { id, status, done, total }: Document,
): Promise<void> => topics.publish(progressTopic(id), { status, done, total });
