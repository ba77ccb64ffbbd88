import type { Deployment } from '../catalogue/catalogue.ts';

/** The tokens of a deployment's window, divided. */
export interface Room {
  /** Most tokens of the input; absent when the window is not known. */
  readonly input: number | undefined;
  /** Most tokens of the reply; absent when neither the request nor a budget limits it. */
  readonly reply: number | undefined;
}

/** What refusals told of a deployment's limits. */
interface Learnt {
  readonly window?: number;
  readonly maxOutput?: number;
}

/**
 * Divides a window. A reply that was asked to be so long gets that much, but leaves a quarter to the input. What a
 * budget allows is not a wish, so it gets a quarter of the window at most, as a reply without any limit does.
 *
 * @param asked what the request allows the reply.
 * @param held what its budget allows it.
 */
export function roomOf(
  deployment: Pick<Deployment, 'contextWindow' | 'maxOutputTokens'>,
  learnt: Learnt,
  asked: number | undefined,
  held: number | undefined,
): Room {
  const window = Math.min(deployment.contextWindow ?? Infinity, learnt.window ?? Infinity);
  const output = Math.min(deployment.maxOutputTokens ?? Infinity, learnt.maxOutput ?? Infinity);
  const limit = Math.min(asked ?? Infinity, held ?? Infinity);
  const reply = Math.min(limit, output, asked === undefined ? window / 4 : (window * 3) / 4);
  return {
    input: window === Infinity ? undefined : window - Math.floor(reply),
    reply: limit === Infinity ? undefined : Math.max(1, Math.floor(reply)),
  };
}
