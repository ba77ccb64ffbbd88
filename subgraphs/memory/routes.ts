import { validate as isId } from 'uuid';
import { notFound } from '#platform/base/errors/errors.ts';
import type { Route } from '#platform/host/definition.ts';
import type { Documents } from './documents/documents.ts';
import { exportOf } from './export.ts';
import type { MemoryParts } from './parts.ts';

/** Uploads and downloads by signed links; a holder of a link needs no other credentials. */
export function createRoutes(memory: MemoryParts, documents: Documents): Route[] {
  const { db, blobs, urls } = memory;
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
        const document = isId(id) ? await db.document.findUnique({ where: { id } }) : null;
        const blob =
          document?.original == null ? undefined : await blobs.get(document.original, { signal: request.signal });
        if (!blob) throw notFound('The document');
        return download(blob.stream, grant.contentType, grant.fileName, blob.size);
      },
    },
    {
      method: 'GET',
      path: '/exports/:userId',
      async handle(request, { params }) {
        const grant = urls.verify('memory', request);
        return download(exportOf(db, params['userId']!), grant.contentType, grant.fileName);
      },
    },
  ];
}

/** Always saved and never shown: an HTML document in our own origin could act as its reader. */
function download(
  body: ReadableStream<Uint8Array>,
  type = 'application/octet-stream',
  name = 'download',
  size?: number,
) {
  return new Response(body as BodyInit, {
    headers: {
      'content-type': type,
      'content-disposition': `attachment; filename*=UTF-8''${encodeURIComponent(name).replace(/['()*]/g, escape)}`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'cache-control': 'private, no-store',
      ...(size !== undefined && { 'content-length': String(size) }),
    },
  });
}
