import { type CachePolicy, strictest } from '../request/cache-control.ts';
import type { Tokens } from './answer-store.ts';

/** A record of what one execution depends on: whether its whole answer may be kept, and how long. */
export class Keeping {
  /** Requests to subgraphs, and those of them whose answers may be kept. */
  sent = 0;
  kept = 0;
  readonly tokens = new Map<string, string>();
  policy: CachePolicy | undefined;
  #isGivenUp = false;

  /** Notes an answer, kept before or now. */
  add(policy: CachePolicy, names: readonly string[], tokens: Tokens): void {
    this.policy = this.policy ? strictest(this.policy, policy) : policy;
    for (const name of names) {
      const token = tokens.get(name);
      if (token === undefined || (this.tokens.get(name) ?? token) !== token) this.giveUp();
      else this.tokens.set(name, token);
    }
  }

  giveUp(): void {
    this.#isGivenUp = true;
  }

  /** Whether the whole answer is everybody's. */
  get isPublic(): boolean {
    return !this.#isGivenUp && this.sent === this.kept && this.policy?.scope === 'public' && this.policy.maxAge > 0;
  }
}
