import { setTimeout as sleep } from 'node:timers/promises';
import type { ContentPart } from '#llm/messages.ts';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Message } from '#prisma/chat/client/client.ts';
import type { ChatParts } from '../parts.ts';
import { ChatImageDocument, type ChatImageQuery } from './vision.types.ts';

/** Pixels of the longer side that a model is shown: what the providers scale to anyway. */
const SIDE = 1024;
/** Most images that one prompt carries, the latest of them. */
const MAX_IMAGES = 10;
const MAX_BYTES = 8 * 1024 * 1024;
const TIMEOUT_MS = 10_000;

type Image = NonNullable<ChatImageQuery['image']>;

interface Call {
  readonly identity: UserIdentity;
  readonly requestId: string;
  readonly signal: AbortSignal;
}

const ask = async ({ peers }: ChatParts, id: string, call: Call): Promise<Image | null> =>
  (await peers.execute('vision', ChatImageDocument, { id, side: SIDE }, call)).image ?? null;

/** How often vision is asked about an image that is not ready, in ms. */
const LOOK_EVERY_MS = 250;

/**
 * Checks that the person who sends images has them, and waits for those whose file is on its way or is being analysed:
 * a client uploads and sends at once.
 *
 * @throws {CodedError} BAD_USER_INPUT naming the image; what vision says when it cannot be asked.
 */
export async function checkImages(chat: ChatParts, ids: readonly string[], identity: UserIdentity): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  await Promise.all(
    ids.map(async (id, index) => {
      const call = { identity, requestId: id, signal };
      const argument = `input.attachments.${index}`;
      for (;;) {
        const image = await ask(chat, id, call);
        if (!image) throw badInput(argument, 'is not an image of yours.');
        if (image.status === 'READY') return;
        if (image.status === 'REFUSED') throw badInput(argument, 'is REFUSED; send another image.');
        await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => {
          throw badInput(argument, `is still ${image.status} after ${TIMEOUT_MS / 1000} s; send when it is READY.`);
        });
      }
    }),
  );
}

/**
 * Returns what a model is shown of the images in a history: by message id, as parts of its content. A model that does
 * not see is told that there are images, so that it does not pretend.
 *
 * @throws {CodedError} what vision says, or SUBGRAPH_UNAVAILABLE, when an image that belongs to the prompt cannot be
 * had.
 */
export async function imagesOf(
  chat: ChatParts,
  history: readonly Message[],
  model: string | null,
  signal: AbortSignal,
): Promise<Map<string, ContentPart[]>> {
  const shown = history.flatMap(({ id, authorId, attachments }) =>
    authorId === null ? [] : attachments.map((imageId) => ({ messageId: id, authorId, imageId })),
  );
  const parts = new Map<string, ContentPart[]>();
  if (shown.length === 0) return parts;
  const add = (messageId: string, part: ContentPart) => parts.set(messageId, [...(parts.get(messageId) ?? []), part]);
  const sees = (await chat.models.list()).find(({ id, isDefault }) => (model === null ? isDefault : id === model))
    ?.capabilities.vision;
  if (!sees) {
    for (const { messageId } of shown) add(messageId, { type: 'text', text: '[An image, which you cannot see.]' });
    return parts;
  }
  const latest = shown.slice(-MAX_IMAGES);
  const limited = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  const urls = await Promise.all(
    latest.map(async ({ authorId, imageId }) => {
      const image = await ask(chat, imageId, { identity: authorOf(authorId), requestId: imageId, signal: limited });
      return image?.url ? dataUrl(image.url, limited) : undefined;
    }),
  );
  for (const [index, { messageId }] of latest.entries()) {
    const url = urls[index];
    // Deleted since: the conversation goes on without it.
    add(
      messageId,
      url ? { type: 'image_url', image_url: { url } } : { type: 'text', text: '[An image that was deleted.]' },
    );
  }
  return parts;
}

/**
 * Who sent an image into a conversation showed it to all who take part: it is read with the sender's right, no other.
 */
const authorOf = (userId: string): UserIdentity => ({
  kind: 'user',
  userId,
  roles: ['user'],
  scopes: ['vision:read'],
  expiresAt: Math.floor(Date.now() / 1000) + 60,
});

/** The image itself: a provider cannot reach a server of your own. */
async function dataUrl(url: string, signal: AbortSignal): Promise<string> {
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    throw new CodedError('SUBGRAPH_UNAVAILABLE', `An image could not be fetched${signal.aborted ? ' in time' : ''}.`, {
      cause,
    });
  });
  if (!response.ok) throw new CodedError('SUBGRAPH_UNAVAILABLE', `An image could not be fetched (${response.status}).`);
  const bytes = Buffer.from(await response.arrayBuffer());
  if (bytes.length > MAX_BYTES) throw new CodedError('PAYLOAD_TOO_LARGE', 'An image is too large for a prompt.');
  return `data:${response.headers.get('content-type') ?? 'image/jpeg'};base64,${bytes.toString('base64')}`;
}
