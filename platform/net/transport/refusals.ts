import type { Logger } from '../../base/log/log.ts';
import type { Endpoint } from './endpoints.ts';
import { holdsGraphql, unusable } from './http-answer.ts';
import type { HttpAnswer } from './http-response.ts';
import { IdentityRefused, REFUSES_IDENTITY } from './identity-refused.ts';

/** Bytes of a refusal that are logged. */
const MAX_SAID = 500;

/**
 * The knowledge of which replicas do not believe what is signed for them, each for itself: one machine's clock may be
 * wrong. The log has what one answers once, until it has believed again: a subgraph, or the one who sends it requests,
 * does not fill the log.
 */
export class Refusals {
  readonly #subgraph: string;
  readonly #log: Logger;
  readonly #refusing = new WeakSet<Endpoint>();

  constructor(subgraph: string, log: Logger) {
    this.#subgraph = subgraph;
    this.#log = log;
  }

  /** Returns an answer's refusal of the identity that was signed here, the operator's matter; else undefined. */
  read(endpoint: Endpoint, { status, body }: HttpAnswer): IdentityRefused | undefined {
    if (status !== 401 && (status !== 403 || holdsGraphql(body))) return undefined;
    if (!this.#refusing.has(endpoint)) {
      const said = body.toString('utf8', 0, MAX_SAID);
      const address = endpoint.address ?? endpoint.url.host;
      this.#log.error({ subgraph: this.#subgraph, address, status, said }, REFUSES_IDENTITY);
    }
    this.#refusing.add(endpoint);
    return new IdentityRefused(unusable(this.#subgraph, `answered with status ${status}.`).message);
  }

  /** It has answered what was asked. */
  believed(endpoint: Endpoint): void {
    this.#refusing.delete(endpoint);
  }

  isRefusing(endpoint: Endpoint): boolean {
    return this.#refusing.has(endpoint);
  }
}
