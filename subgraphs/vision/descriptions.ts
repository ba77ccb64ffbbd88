import { v7 as uuid } from 'uuid';
import { collect } from '#llm/chat-stream.ts';
import type { Models } from '#llm/models.ts';
import { badInput, CodedError, notFound } from '#platform/base/errors/errors.ts';
import { type BlobStore, readBlob } from '#platform/data/blobs/blob-store.ts';
import type { UserIdentity } from '#platform/identity/identity.ts';
import type { Prisma, PrismaClient } from '#prisma/vision/client/client.ts';
import { type ImageRow, type Images, pictureOf } from './images/images.ts';
import { refreshWords } from './jobs.ts';

export type DescriptionRow = Prisma.ImageDescriptionGetPayload<object>;

interface Call {
  readonly identity: UserIdentity;
  readonly signal: AbortSignal;
  readonly requestId: string;
}

const MAX_QUESTION = 2_000;
const MAX_PROMPT = 4_000;
/** Models tile or shrink anything larger themselves, and bill for it. */
const SIDE_FOR_MODELS = 1_536;

const DESCRIBE =
  'Describe the picture in two or three plain sentences. Then, on a last line that begins with "Labels:", name up to ten things that are in it, separated by commas.';

/** The words of models that see about pictures, and the pictures that image models make. */
export class Pictures {
  readonly #parts: { db: PrismaClient; blobs: BlobStore; images: Images; models: Models };

  constructor(parts: { db: PrismaClient; blobs: BlobStore; images: Images; models: Models }) {
    this.#parts = parts;
  }

  /** @throws {CodedError} NOT_CONFIGURED where no model sees; what the model layer throws. */
  async describe(
    input: { id: string; question?: string | null; model?: string | null },
    call: Call,
  ): Promise<{ image: ImageRow; description: DescriptionRow }> {
    const { db, blobs, images, models } = this.#parts;
    const question = input.question?.trim() || undefined;
    if (question && question.length > MAX_QUESTION)
      throw badInput('input.question', `has ${question.length} characters; at most ${MAX_QUESTION} are possible.`);
    const image = await images.requireReady(call.identity.userId, input.id);
    const model = input.model ?? (await this.#capable('vision', 'sees pictures'));
    const bytes = await readBlob(blobs, pictureOf(image), call.signal);
    if (bytes === undefined) throw notFound('The image');
    const { openImage } = await import('./formats/open-image.ts');
    const jpeg = await openImage(bytes)
      .autoOrient()
      .flatten({ background: '#ffffff' })
      .resize(SIDE_FOR_MODELS, SIDE_FOR_MODELS, { fit: 'inside', withoutEnlargement: true })
      .jpeg({ quality: 85 })
      .toBuffer();
    const url = `data:image/jpeg;base64,${jpeg.toString('base64')}`;
    const content = [
      { type: 'text', text: question ?? DESCRIBE } as const,
      { type: 'image_url', image_url: { url } } as const,
    ];
    const reply = await collect(
      models.chat({ model, messages: [{ role: 'user', content }] }, { ...call, purpose: 'describe-image' }),
    );
    const said = reply.text.replaceAll('\0', '');
    const { text, labels } = question ? { text: said.trim(), labels: [] } : splitLabels(said);
    const description = await db.$transaction(async (tx) => {
      // Held to the end: the words below are made of all that is known, also of what is being found out at this moment.
      const held = await tx.$queryRaw<unknown[]>`SELECT 1 FROM images WHERE id = ${image.id}::uuid FOR UPDATE`;
      if (held.length === 0) throw notFound('The image');
      const row = await tx.imageDescription.create({
        data: { id: uuid(), imageId: image.id, question: question ?? null, text, labels, model },
      });
      await refreshWords(tx, image.id);
      return row;
    });
    await images.announce(image.id);
    return { image, description };
  }

  /** @throws {CodedError} NOT_CONFIGURED where no model makes images; what the model layer throws. */
  async generate(
    input: { prompt: string; count: number; size?: string | null; model?: string | null },
    call: Call,
  ): Promise<ImageRow[]> {
    const prompt = input.prompt.trim();
    if (prompt === '') throw badInput('input.prompt', 'is empty; say what the image should show.');
    if (prompt.length > MAX_PROMPT)
      throw badInput('input.prompt', `has ${prompt.length} characters; at most ${MAX_PROMPT} are possible.`);
    if (input.count < 1 || input.count > 4) throw badInput('input.count', `is ${input.count}; 1 to 4 are possible.`);
    await this.#parts.images.checkRoom(call.identity.userId, input.count);
    const model = input.model ?? (await this.#capable('images', 'makes images'));
    const { images } = await this.#parts.models.image(
      { model, prompt, count: input.count, ...(input.size != null && { size: input.size }) },
      { ...call, purpose: 'generate-image' },
    );
    const kept: ImageRow[] = [];
    for (const { bytes } of images) {
      kept.push(await this.#parts.images.keepGenerated(call.identity.userId, prompt, bytes));
    }
    return kept;
  }

  async #capable(capability: 'vision' | 'images', what: string): Promise<string> {
    const model = (await this.#parts.models.list()).find((one) => one.capabilities[capability]);
    if (model) return model.id;
    throw new CodedError(
      'NOT_CONFIGURED',
      `No model that ${what} is configured. Set OPENAI_API_KEY, or name one in llm.yaml with the capability \`${capability}\`.`,
    );
  }
}

/** Takes the labels off, which follow the last "Labels:". In one pass, whatever a model has said. */
export function splitLabels(said: string): { text: string; labels: string[] } {
  const text = said.trim();
  const at = [...text.matchAll(/labels:/gi)].at(-1)?.index;
  const named = at === undefined ? '' : text.slice(at + 'labels:'.length).trim();
  if (named === '') return { text, labels: [] };
  const labels = named
    .split(/[,\n]/)
    .filter((label) => label.length <= MAX_WRITTEN)
    .map((label) =>
      label
        .trim()
        .replace(/[.*]+$/, '')
        .trim()
        .toLowerCase(),
    );
  return {
    text: text.slice(0, at).trim(),
    labels: [...new Set(labels.filter((label) => label !== '' && label.length <= MAX_LABEL))].slice(0, 10),
  };
}

const MAX_LABEL = 60;
/** With what is about it: spaces, and stars where it is bold. */
const MAX_WRITTEN = 100;
