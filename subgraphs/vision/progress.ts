import { setTimeout as sleep } from 'node:timers/promises';
import { type ImageRow, topicOf } from './images/images.ts';
import type { VisionParts } from './parts.ts';

const isSettled = (image: ImageRow): boolean =>
  image.status === 'REFUSED' || (image.status === 'READY' && image.ocrStatus !== 'RUNNING');

/** A message of a topic may get lost, as when Redis restarts: a watcher looks by itself this often, in milliseconds. */
const LOOK_AGAIN_MS = 5_000;

/** Yields the picture as it is, then at each change; ends when nothing more will change by itself. */
export async function* followImage(
  { images, topics }: VisionParts,
  ownerId: string,
  id: string,
  signal: AbortSignal,
): AsyncGenerator<ImageRow> {
  const changed = topics.events(topicOf(id), { signal })[Symbol.asyncIterator]();
  try {
    // Listening begins before the first look, so that nothing falls between them.
    let next = changed.next();
    let shown: string | undefined;
    for (let image: ImageRow | null = await images.require(ownerId, id); image; image = await images.get(ownerId, id)) {
      const state = [image.status, image.ocrStatus, image.ocrProblem, image.pagesRead].join();
      if (state !== shown) yield image;
      shown = state;
      if (isSettled(image)) return;
      const woken = await Promise.race([next, sleep(LOOK_AGAIN_MS, undefined, { ref: false })]);
      if (woken?.done) return;
      if (woken) next = changed.next();
    }
  } finally {
    await changed.return?.();
  }
}
