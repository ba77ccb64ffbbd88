import type { ServerResponse } from 'node:http';
import { CodedError } from '#platform/base/errors/errors.ts';
import type { Visit } from '../doors/visit.ts';
import { sendJson } from '../server/pages.ts';
import { GRAPH } from './graph.ts';

interface Model {
  readonly id: string;
  readonly isDefault: boolean;
  readonly [name: string]: unknown;
}

/** Lists what can be asked for: the aliases of language and image models, then the embedding models. */
async function modelsOf(visit: Visit) {
  const kinds = await Promise.all(
    ['CHAT', 'IMAGES'].map((kind) => visit.need<readonly Model[]>(GRAPH.OpenAiModels, { kind })),
  );
  const models = [...new Map(kinds.flat().map((model) => [model.id, model])).values()];
  // A key that may not search vectors sees the language models.
  const embedders = await visit.run<readonly Model[]>(GRAPH.OpenAiEmbeddingModels, {}).catch(() => []);
  const known = new Set(models.map(({ id }) => id));
  return [
    ...models.map((model) =>
      asModel(model, { context_window: model['contextWindow'], capabilities: model['capabilities'] }),
    ),
    ...(embedders ?? [])
      .filter(({ id }) => !known.has(id))
      .map((model) => asModel(model, { capabilities: { embeddings: true } })),
  ];
}

/** No model says when it was made. */
const asModel = ({ id, isDefault }: Model, more: object) => ({
  id,
  object: 'model',
  created: 0,
  owned_by: 'sextant',
  default: isDefault,
  ...more,
});

/** Answers GET /v1/models, and GET /v1/models/{id}. */
export async function answerModels(visit: Visit, id: string | undefined, response: ServerResponse): Promise<void> {
  const data = await modelsOf(visit);
  if (id === undefined) return sendJson(response, 200, { object: 'list', data });
  const found = data.find((model) => model.id === id);
  if (!found) throw new CodedError('MODEL_NOT_FOUND', `No model is called ${JSON.stringify(id.slice(0, 100))}.`);
  sendJson(response, 200, found);
}
