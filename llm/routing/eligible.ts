import { badInput } from '#platform/base/errors/errors.ts';
import type { Alias, Capabilities, Condition, Target } from '../catalogue/catalogue.ts';
import type { ChatRequest } from '../requests.ts';

/** The abilities that a request needs of a deployment. */
export interface Needs {
  readonly capabilities: readonly (keyof Capabilities)[];
  readonly tags: readonly string[];
  /** A quick estimate; exact enough to choose by size. */
  readonly inputTokens: number;
}

/** Returns what a deployment must be able to do to serve a request. */
export function needsOf(request: ChatRequest, inputTokens: number): Needs {
  const pictures = request.messages.some(
    (message) =>
      message.role === 'user' &&
      typeof message.content !== 'string' &&
      message.content.some((part) => part.type === 'image_url'),
  );
  const capabilities: (keyof Capabilities)[] = ['chat'];
  if (pictures) capabilities.push('vision');
  if (request.tools && request.tools.length > 0) capabilities.push('tools');
  if (request.output) capabilities.push('json');
  return { capabilities, tags: request.tags ?? [], inputTokens };
}

const WORDS: Record<keyof Capabilities, string> = {
  chat: 'chat',
  tools: 'call tools',
  vision: 'see images',
  json: 'answer in JSON',
  reasoning: 'reason',
  embeddings: 'embed texts',
  images: 'make images',
  rerank: 'rerank texts',
};

/**
 * Returns the targets of an alias that can serve the request: those with a condition that it meets, else those without
 * one.
 *
 * @throws BAD_USER_INPUT when the alias cannot do what the request needs.
 */
export function eligibleTargets(alias: Alias, needs: Needs): readonly Target[] {
  const able = alias.targets.filter(({ deployment }) =>
    needs.capabilities.every((capability) => deployment.capabilities[capability]),
  );
  if (able.length === 0) {
    const missing = needs.capabilities.find(
      (capability) => !alias.targets.some(({ deployment }) => deployment.capabilities[capability]),
    );
    throw badInput('model', `${alias.id} cannot ${WORDS[missing ?? needs.capabilities[0]!]}; choose a model that can.`);
  }
  const conditional = able.filter((target) => target.when && meets(target.when, needs));
  if (conditional.length > 0) return conditional;
  const plain = able.filter((target) => target.when === undefined);
  if (plain.length === 0)
    throw badInput('model', `${alias.id} has no deployment whose conditions this request meets; choose another model.`);
  return plain;
}

function meets(condition: Condition, needs: Needs): boolean {
  if (needs.inputTokens < (condition.minInputTokens ?? 0)) return false;
  if (needs.inputTokens > (condition.maxInputTokens ?? Infinity)) return false;
  if (condition.needs?.some((capability) => !needs.capabilities.includes(capability))) return false;
  return condition.tags === undefined || condition.tags.every((tag) => needs.tags.includes(tag));
}
