import type { GraphQLSchema } from 'graphql';
import { badInput } from '#platform/base/errors/errors.ts';
import { type Form, withForm } from '../../doors/form.ts';
import { type DoorOperation, readOperations, rootFieldOf, rootNode } from '../../doors/operations.ts';
import { json, limit, Named, outputSchema, type Schema } from '../../doors/schemas.ts';
import type { Visit } from '../../doors/visit.ts';
import { sendJson } from '../../server/pages.ts';
import type { Composed } from '../composed-endpoint.ts';
import type { Exchange } from '../exchange.ts';

const OPERATIONS = readOperations<
  | 'RestBeginUpload'
  | 'RestReadText'
  | 'RestGenerate'
  | 'RestDescribe'
  | 'RestImageProgress'
  | 'RestAnalysedImage'
  | 'RestReadImage'
>(new URL('./vision.graphql', import.meta.url));

interface Begun {
  readonly image: { readonly id: string };
  readonly upload: {
    readonly method: string;
    readonly url: string;
    readonly headers: readonly { readonly name: string; readonly value: string }[];
  };
}

interface Progress {
  readonly status: string;
  readonly problem?: string | null;
}

const TEXT: Schema = { type: 'string' };
const IMAGE_ID: Schema = { ...TEXT, description: 'An image that was uploaded before; or send a form with a file.' };
const QUESTION: Schema = { ...TEXT, description: 'A question that a model which sees answers.' };

/** Uploads the file of a form. @returns the id of the image. */
async function upload(visit: Visit, { file }: Form, recognizeText: boolean): Promise<string> {
  const { image, upload: link } = await visit.need<Begun>(OPERATIONS.RestBeginUpload, {
    input: { fileName: file.name, contentType: file.type, size: file.size, recognizeText },
  });
  const headers = Object.fromEntries(link.headers.map(({ name, value }) => [name, value]));
  const answer = await visit.fetch(link.url, {
    method: link.method,
    headers: { ...headers, 'content-type': file.type, 'content-length': String(file.size) },
    body: file,
  });
  if (!answer.ok) {
    const { error } = (await answer.json()) as { error?: { message?: string } };
    throw badInput('file', `could not be taken: ${error?.message ?? `status ${answer.status}`}`);
  }
  return image.id;
}

/** Finds the image of a request: that of the form, or the one that the body names. */
async function imageOf(exchange: Exchange, recognizeText: boolean, known: readonly string[]) {
  const { request, visit, body } = exchange;
  if (!body) {
    return withForm(request, visit, known, async (form) => {
      return { id: await upload(visit, form, recognizeText), values: form.values, isNew: true };
    });
  }
  const values = body;
  for (const name of Object.keys(values)) if (!known.includes(name)) throw badInput(name, 'is not known here.');
  const id = values['imageId'];
  if (typeof id !== 'string') throw badInput('imageId', 'must be the id of an image, or a form must bring a file.');
  return { id, values, isNew: false };
}

/** Waits until nothing more will change, and reads the image. @throws {CodedError} BAD_USER_INPUT: it is refused. */
async function finished(visit: Visit, read: DoorOperation, id: string): Promise<Progress> {
  await visit.follow(OPERATIONS.RestImageProgress, { id }, () => undefined);
  const image = await visit.need<Progress>(read, { id });
  if (image.status === 'REFUSED') throw badInput('file', `is not a usable image: ${image.problem ?? 'it was refused'}`);
  return image;
}

const answered = (schema: GraphQLSchema, read: DoorOperation): Schema => {
  const field = rootFieldOf(schema, read);
  return field ? { ...outputSchema(field.type, rootNode(read.operation).selectionSet, schema), type: 'object' } : {};
};

const taken = (properties: Record<string, Schema>, form: Record<string, Schema>, example: unknown): Schema => ({
  required: true,
  content: {
    ...json({ type: 'object', properties, required: ['imageId'], additionalProperties: false }, example),
    'multipart/form-data': {
      schema: {
        type: 'object',
        properties: { file: { type: 'string', format: 'binary', description: 'The image, at most 25 MiB.' }, ...form },
        required: ['file'],
      },
    },
  },
});

const ok = (description: string, schema: Schema): Schema => ({ 200: { description, content: json(schema) } });

/** The id of an image in examples. */
const EXAMPLE_ID = '019ad3a0-0000-7000-8000-000000000006';

/** POST /api/vision/analyze: what is seen in an image. */
export const ANALYZE: Composed = {
  method: 'POST',
  path: '/api/vision/analyze',
  name: 'RestAnalyzeImage',
  summary: 'Analyses an image: colours, kind, sharpness, EXIF; with a question, what a model that sees says.',
  operations: Object.values(OPERATIONS),
  takesFile: true,
  limits: { question: { maxLength: 2_000 } },
  example: { body: { imageId: EXAMPLE_ID } },

  async answer(exchange) {
    const { visit, response } = exchange;
    const { id, values } = await imageOf(exchange, false, ['imageId', 'question', 'model']);
    const image = await finished(visit, OPERATIONS.RestAnalysedImage, id);
    const { question, model } = values;
    const asks = question !== undefined || model !== undefined;
    const input = { id, ...(question !== undefined && { question }), ...(model !== undefined && { model }) };
    const described = asks ? await visit.need<{ description: object }>(OPERATIONS.RestDescribe, { input }) : undefined;
    sendJson(response, 200, { image, ...described });
  },

  describe(schema, _named, refusals) {
    const more = { question: { ...QUESTION, maxLength: 2_000 }, model: { ...TEXT, description: 'Id of that model.' } };
    return {
      requestBody: taken({ imageId: IMAGE_ID, ...more }, more, ANALYZE.example.body),
      responses: {
        ...ok('The image and what was found', {
          type: 'object',
          properties: { image: answered(schema, OPERATIONS.RestAnalysedImage), description: { type: 'object' } },
          required: ['image'],
        }),
        ...refusals,
      },
    };
  },
};

/** POST /api/vision/ocr: the text in an image. */
export const OCR: Composed = {
  method: 'POST',
  path: '/api/vision/ocr',
  name: 'RestReadText',
  summary: 'Reads the text of an image, with its lines, where they stand and how sure it is.',
  operations: [],
  takesFile: true,
  limits: {},
  example: { body: { imageId: EXAMPLE_ID } },

  async answer(exchange) {
    const { visit, response } = exchange;
    const { id, isNew } = await imageOf(exchange, true, ['imageId']);
    if (!isNew) await visit.need(OPERATIONS.RestReadText, { input: { id } });
    const image = await finished(visit, OPERATIONS.RestReadImage, id);
    sendJson(response, 200, { image });
  },

  describe: (schema, _named, refusals) => ({
    requestBody: taken({ imageId: IMAGE_ID }, {}, OCR.example.body),
    responses: {
      ...ok('The image and its text', {
        type: 'object',
        properties: { image: answered(schema, OPERATIONS.RestReadImage) },
        required: ['image'],
      }),
      ...refusals,
    },
  }),
};

const GENERATE_LIMITS: Readonly<Record<string, Schema>> = {
  prompt: { minLength: 1, maxLength: 4_000 },
  count: { minimum: 1, maximum: 4 },
};

/** POST /api/vision/generate: images from a description. */
export const GENERATE: Composed = {
  method: 'POST',
  path: '/api/vision/generate',
  name: 'RestGenerateImages',
  summary: 'Makes images from a description, by an image model, and answers when they can be fetched.',
  operations: [],
  limits: GENERATE_LIMITS,
  example: { body: { prompt: 'A brass sextant on a chart', count: 1 } },

  async answer({ visit, response, body = {} }) {
    const { images } = await visit.need<{ images: { id: string }[] }>(OPERATIONS.RestGenerate, { input: body });
    const found: Progress[] = [];
    for (const { id } of images) found.push(await finished(visit, OPERATIONS.RestAnalysedImage, id));
    sendJson(response, 200, { images: found });
  },

  describe(schema, _named, refusals) {
    const body: Schema = {
      type: 'object',
      properties: {
        prompt: { ...TEXT, description: 'What to show.' },
        count: { type: 'integer', description: 'How many.', default: 1 },
        size: { ...TEXT, description: 'Width and height, such as 1024x1024; left out: the model’s.' },
        model: { ...TEXT, description: 'Id of the model; left out: the first that makes images.' },
      },
      required: ['prompt'],
      additionalProperties: false,
    };
    limit(body, GENERATE_LIMITS, new Named(''));
    return {
      requestBody: { required: true, content: json(body, GENERATE.example.body) },
      responses: {
        ...ok('The images', {
          type: 'object',
          properties: { images: { type: 'array', items: answered(schema, OPERATIONS.RestAnalysedImage) } },
          required: ['images'],
        }),
        ...refusals,
      },
    };
  },
};
