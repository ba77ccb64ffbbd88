import type { ServerResponse } from 'node:http';
import { badInput, CodedError } from '#platform/base/errors/errors.ts';
import type { Visit } from '../doors/visit.ts';
import { sendJson } from '../server/pages.ts';
import { GRAPH } from './graph.ts';
import { inOwnNames, type OwnNames } from './own-names.ts';
import { type Body, checkNames, needText, numberOf, textOf } from './read.ts';

interface MadeImage {
  readonly status: string;
  readonly problem: string | null;
  readonly url: string | null;
}

const NAMES: OwnNames = [[/^input\.count$/, 'n']];

/** Answers POST /v1/images/generations: the images are kept, as all that vision makes. */
export async function answerImages(visit: Visit, body: Body, response: ServerResponse): Promise<void> {
  checkNames(body, ['prompt', 'n', 'size', 'model', 'response_format'], ['user']);
  const format = textOf(body, 'response_format') ?? 'b64_json';
  if (format !== 'b64_json' && format !== 'url') throw badInput('response_format', 'must be b64_json or url.');
  const input = {
    prompt: needText(body, 'prompt'),
    count: numberOf(body, 'n') ?? 1,
    size: textOf(body, 'size'),
    model: textOf(body, 'model') || undefined,
  };
  const asked = visit.need<{ images: { id: string }[] }>(GRAPH.OpenAiGenerateImages, { input });
  const { images } = await inOwnNames(NAMES, asked);
  const data: object[] = [];
  for (const { id } of images) {
    await visit.follow(GRAPH.OpenAiImageProgress, { id }, () => undefined);
    const { status, problem, url } = await visit.need<MadeImage>(GRAPH.OpenAiImage, { id });
    if (url === null) throw new CodedError('PROVIDER_UNAVAILABLE', `The image is ${status}: ${problem ?? 'unusable'}.`);
    data.push(format === 'url' ? { url } : { b64_json: await bytesOf(visit, url) });
  }
  sendJson(response, 200, { created: Math.floor(Date.now() / 1000), data });
}

async function bytesOf(visit: Visit, url: string): Promise<string> {
  const answer = await visit.fetch(url, { redirect: 'manual' });
  // A storage of its own is reached by a link of its own.
  const location = answer.status === 303 ? answer.headers.get('location') : null;
  const found = location === null ? answer : await fetch(location);
  if (!found.ok) throw new CodedError('SERVICE_UNAVAILABLE', `The image could not be read (${found.status}).`);
  return Buffer.from(await found.arrayBuffer()).toString('base64');
}
