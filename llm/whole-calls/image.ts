import { badInput } from '#platform/base/errors/errors.ts';
import { estimateTokens } from '#retrieval/embeddings/estimate-tokens.ts';
import { NO_USAGE } from '../accounting/accounting.ts';
import type { Provider } from '../catalogue/catalogue.ts';
import type { GeneratedImage, GeneratedImages, ImageRequest } from '../models.ts';
import { ProviderFailure } from '../provider/failure.ts';
import type { CallContext } from '../requests.ts';
import { fetchImage } from './fetch-image.ts';
import { type WholeCallDependencies, wholeCall } from './whole-call.ts';

const MAX_CHARACTERS = 32_000;
const MAX_IMAGES = 10;

/** Generates images through the images endpoint. */
export function createImager(deps: WholeCallDependencies) {
  return async (request: ImageRequest, call: CallContext): Promise<GeneratedImages> => {
    const count = request.count ?? 1;
    if (request.prompt.trim() === '') throw badInput('prompt', 'is empty; say what the image should show');
    if (request.prompt.length > MAX_CHARACTERS)
      throw badInput('prompt', `has ${request.prompt.length} characters; at most ${MAX_CHARACTERS} are allowed`);
    if (!Number.isInteger(count) || count < 1 || count > MAX_IMAGES)
      throw badInput('count', `is ${count}; allowed: 1 to ${MAX_IMAGES}`);
    if (request.size !== undefined && !/^(auto|\d{2,5}x\d{2,5})$/.test(request.size))
      throw badInput('size', 'must read like 1024x1024, or auto');
    const { alias, deployment, answer, record } = await wholeCall(
      deps,
      {
        operation: 'image',
        capability: 'images',
        model: request.model,
        inputTokens: estimateTokens(request.prompt),
        wanted: count,
        async ask(client, { model, provider }, signal) {
          // The gpt-image models always answer with data and refuse the parameter; the others send URLs without it.
          const asData = /gpt-image|chatgpt-image/.test(model) ? {} : ({ response_format: 'b64_json' } as const);
          const { size, quality, background } = request;
          const parameters = { ...(size && { size }), ...(quality && { quality }), ...(background && { background }) };
          const result = await client.images.generate(
            { model, prompt: request.prompt, n: count, stream: false, ...asData, ...(parameters as object) },
            { signal },
          );
          const images = (result.data ?? []).map(checked);
          if (images.length === 0) throw new ProviderFailure('malformed', `${provider.id} answered without an image`);
          return { images, usage: result.usage };
        },
        usageOf: ({ usage }) => ({
          ...NO_USAGE,
          inputTokens: usage?.input_tokens ?? 0,
          outputTokens: usage?.output_tokens ?? 0,
        }),
        images: ({ images }) => images.length,
      },
      call,
    );
    const { provider, model } = deployment;
    // It is paid by now: what is not handed over is not asked for again.
    const images = await Promise.all(answer.images.map((image) => imageOf(image, provider, call.signal)));
    return { alias, model, images, record };
  };
}

interface Answered {
  readonly b64_json?: string;
  readonly url?: string;
  readonly revised_prompt?: string;
}

function checked(image: Answered): Answered {
  if (image.b64_json || image.url) return image;
  throw new ProviderFailure('malformed', 'an image without data');
}

async function imageOf(image: Answered, provider: Provider, signal?: AbortSignal): Promise<GeneratedImage> {
  const bytes = image.b64_json
    ? Uint8Array.from(Buffer.from(image.b64_json, 'base64'))
    : await fetchImage(image.url!, provider, signal);
  return { bytes, revisedPrompt: image.revised_prompt };
}
