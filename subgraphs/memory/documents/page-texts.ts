import { setTimeout as sleep } from 'node:timers/promises';
import type { Peers } from '#platform/host/peers.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import { BeginPageDocument, DeletePageDocument, PageTextDocument } from '../peers/vision.types.ts';

const LOOK_MS = 500;
const IDENTITY_S = 3_600;

/**
 * Reads the text of pictures of pages by asking vision, as any client would: they are uploaded, read in turn with what
 * other people have there, and deleted.
 *
 * @throws {CodedError} SUBGRAPH_UNAVAILABLE where there is no vision; what vision says.
 */
export async function textsOf(
  peers: Peers,
  ownerId: string,
  pages: readonly { readonly number: number; readonly png: Uint8Array }[],
  signal: AbortSignal,
): Promise<Map<number, string>> {
  const identity = ownerOf(ownerId);
  const call = { identity, signal };
  const ids = new Map<number, string>();
  try {
    for (const { number, png } of pages) {
      const input = {
        fileName: `page-${number}.png`,
        contentType: 'image/png',
        size: png.byteLength,
        recognizeText: true,
        forDocument: true,
      };
      const { createImageUpload } = await peers.execute('vision', BeginPageDocument, { input }, call);
      if (!createImageUpload) throw new Error('vision gave no upload');
      const { image, upload } = createImageUpload;
      ids.set(number, image.id);
      const headers = Object.fromEntries(upload.headers.map(({ name, value }) => [name, value]));
      const request = new Request(routeOf(upload.url), {
        method: upload.method,
        headers,
        body: png as BodyInit,
        signal,
      });
      await (await peers.fetch('vision', request, { identity })).body?.cancel();
    }
    const texts = new Map<number, string>();
    for (const [number, id] of ids) texts.set(number, await textOf(peers, id, call));
    return texts;
  } finally {
    // What stays behind vision deletes a day later.
    const after = { identity, signal: AbortSignal.timeout(10_000) };
    await Promise.allSettled(
      [...ids.values()].map((id) => peers.execute('vision', DeletePageDocument, { input: { id } }, after)),
    );
  }
}

async function textOf(
  peers: Peers,
  id: string,
  call: { identity: UserIdentity; signal: AbortSignal },
): Promise<string> {
  for (;;) {
    const { image } = await peers.execute('vision', PageTextDocument, { id }, call);
    if (!image) throw new Error('a page that was being read is gone');
    // A page that cannot be read holds no text; the others do.
    if (image.status === 'REFUSED' || image.ocr?.status === 'FAILED') return '';
    if (image.ocr?.status === 'DONE') return image.ocr.text;
    await sleep(LOOK_MS, undefined, { signal: call.signal });
  }
}

/**
 * The route of vision behind a link for clients. The address in it is the one that browsers reach; a process beside
 * vision may not reach it, and has a way of its own.
 */
function routeOf(link: string): URL {
  const { pathname, search } = new URL(link);
  return new URL(pathname.replace(/^.*?\/_\/vision(?=\/)/, '') + search, 'http://vision');
}

/** The person whose document it is, with the right to have pictures read and no other. */
const ownerOf = (userId: string): UserIdentity => ({
  kind: 'user',
  userId,
  roles: ['user'],
  scopes: ['vision:read', 'vision:write'],
  expiresAt: Math.floor(Date.now() / 1000) + IDENTITY_S,
});
