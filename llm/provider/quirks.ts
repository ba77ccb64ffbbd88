import type { Deployment } from '../catalogue/catalogue.ts';
import type { ProviderFailure } from './failure.ts';

/** They shape a reply's wording and nothing that was asked for, so a model without them may answer all the same. */
const SAMPLING = ['temperature', 'top_p', 'presence_penalty', 'frequency_penalty', 'seed'] as const;
export type SamplingParameter = (typeof SAMPLING)[number];

/** The parameters that a server turned out not to understand. */
export interface Quirks {
  readonly noStreamUsage?: boolean;
  /** It wants the other one of `max_tokens` and `max_completion_tokens`. */
  readonly otherMaxTokens?: boolean;
  /** Sampling parameters that the model does not have; reasoning models mostly have none. */
  readonly without?: readonly SamplingParameter[];
  /** The window that it told when it refused a conversation, in tokens. */
  readonly window?: number;
}

/**
 * The quirks of all deployments, learnt from refusals, so that "OpenAI-compatible" needs no list of who is how
 * compatible.
 */
export class QuirkBook {
  readonly #known = new Map<string, Quirks>();

  of(deployment: Deployment): Quirks {
    return this.#known.get(deployment.id) ?? {};
  }

  /** Whether the failure told something new, so that asking once more makes sense. */
  learn(deployment: Deployment, failure: ProviderFailure): boolean {
    const known = this.of(deployment);
    const learnt = lesson(known, failure);
    if (learnt) this.#known.set(deployment.id, { ...known, ...learnt });
    return learnt !== undefined;
  }
}

const UNSUPPORTED = /unsupported|unknown|unrecognized|not support|extra/i;

function lesson(known: Quirks, failure: ProviderFailure): Quirks | undefined {
  if (failure.windowTokens !== undefined && known.window === undefined) return { window: failure.windowTokens };
  if (failure.kind !== 'refused') return undefined;
  if (!known.noStreamUsage && /stream_options|include_usage/.test(failure.message)) return { noStreamUsage: true };
  const lacking = SAMPLING.find((name) => name === failure.param);
  if (lacking && UNSUPPORTED.test(`${failure.message} ${failure.hint}`) && !known.without?.includes(lacking))
    return { without: [...(known.without ?? []), lacking] };
  const renamed = /max_(completion_)?tokens/.test(failure.message) && UNSUPPORTED.test(failure.message);
  return renamed && !known.otherMaxTokens ? { otherMaxTokens: true } : undefined;
}
