import type { Deployment } from '../catalogue/catalogue.ts';
import type { ProviderFailure } from './failure.ts';

/** What a server turned out not to understand. */
export interface Quirks {
  readonly noStreamUsage?: boolean;
  /** It wants the other one of `max_tokens` and `max_completion_tokens`. */
  readonly otherMaxTokens?: boolean;
  /** The window that it told when it refused a conversation, in tokens. */
  readonly window?: number;
}

/** Learnt from refusals, so that "OpenAI-compatible" needs no list of who is how compatible. */
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

function lesson(known: Quirks, failure: ProviderFailure): Quirks | undefined {
  if (failure.windowTokens !== undefined && known.window === undefined) return { window: failure.windowTokens };
  if (failure.kind !== 'refused') return undefined;
  if (!known.noStreamUsage && /stream_options|include_usage/.test(failure.message)) return { noStreamUsage: true };
  const renamed =
    /max_(completion_)?tokens/.test(failure.message) &&
    /unsupported|unknown|unrecognized|not supported|extra/i.test(failure.message);
  return renamed && !known.otherMaxTokens ? { otherMaxTokens: true } : undefined;
}
