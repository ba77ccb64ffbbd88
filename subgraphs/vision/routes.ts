import type { Route } from '#platform/host/definition.ts';
import { MAX_BYTES } from './images/images.ts';
import { serveVariant } from './images/variants.ts';
import type { VisionParts } from './parts.ts';

/** Creates the routes of uploads and downloads by signed links. */
export const createRoutes = ({
  images,
  urls,
  blobs,
  heavy,
}: Pick<VisionParts, 'images' | 'urls' | 'blobs' | 'heavy'>): Route[] => [
  {
    method: 'PUT',
    path: '/uploads/:id',
    maxBodyBytes: MAX_BYTES,
    async handle(request, { params }) {
      await images.receive(params['id']!, request);
      return new Response(null, { status: 204 });
    },
  },
  {
    method: 'GET',
    path: '/images/:id/:variant',
    handle: (request, { params }) => serveVariant({ urls, blobs, heavy }, params['id']!, params['variant']!, request),
  },
];
