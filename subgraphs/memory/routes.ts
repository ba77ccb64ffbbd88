import { notFound } from '#platform/base/errors/errors.ts';
import { isUuid } from '#platform/base/uuid.ts';
import type { Route } from '#platform/host/definition.ts';
import { DIRECT_S, seeOther } from '#platform/identity/signed-urls/direct-download.ts';
import type { Documents } from './documents/documents.ts';
import { textBlobOf } from './documents/places.ts';
import { Exports } from './export.ts';
import type { MemoryParts } from './parts.ts';

/** Uploads and downloads by signed links; a holder of a link needs no other credentials. */
export function createRoutes(memory: MemoryParts, documents: Documents): Route[] {
  const { db, blobs, urls } = memory;
  const exports = new Exports(db);
  return [
    {
      method: 'PUT',
      path: '/uploads/:id',
      maxBodyBytes: memory.maxDocumentBytes,
      async handle(request, { params }) {
        const { id, status } = await documents.receive(params['id']!, request);
        return Response.json({ documentId: id, status });
      },
    },
    {
      method: 'GET',
      path: '/documents/:id/original',
      async handle(request, { params }) {
        const grant = urls.verify('memory', request);
        const id = params['id']!;
        const document = isUuid(id) ? await db.document.findUnique({ where: { id } }) : null;
        if (document?.original == null) throw notFound('The document');
        const [contentType, disposition] = [grant.contentType ?? UNKNOWN_TYPE, dispositionOf(grant.fileName)];
        const direct = await blobs.downloadUrl(document.original, { expiresInS: DIRECT_S, contentType, disposition });
        if (direct !== undefined) return seeOther(direct);
        const blob = await blobs.get(document.original, { signal: request.signal });
        if (!blob) throw notFound('The document');
        return download(blob.stream, contentType, disposition, blob.size);
      },
    },
    {
      method: 'GET',
      path: '/documents/:id/text',
      async handle(request, { params }) {
        const grant = urls.verify('memory', request);
        const id = params['id']!;
        const [contentType, disposition] = [grant.contentType ?? UNKNOWN_TYPE, dispositionOf(grant.fileName)];
        const blob = isUuid(id) ? await blobs.get(textBlobOf(id), { signal: request.signal }) : undefined;
        if (!blob) throw notFound('The document');
        return download(blob.stream, contentType, disposition, blob.size);
      },
    },
    {
      method: 'GET',
      path: '/exports/:userId',
      async handle(request, { params }) {
        const grant = urls.verify('memory', request);
        const contentType = grant.contentType ?? UNKNOWN_TYPE;
        return download(exports.of(params['userId']!), contentType, dispositionOf(grant.fileName));
      },
    },
  ];
}

const UNKNOWN_TYPE = 'application/octet-stream';

const dispositionOf = (name = 'download'): string =>
  `attachment; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, escape)}`;

/** Always saved and never shown: an HTML document in our own origin could act as its reader. */
function download(body: ReadableStream<Uint8Array>, type: string, disposition: string, size?: number): Response {
  return new Response(body as BodyInit, {
    headers: {
      'content-type': type,
      'content-disposition': disposition,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'private, no-store',
      ...(size !== undefined && { 'content-length': String(size) }),
    },
  });
}
