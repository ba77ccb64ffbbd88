import type { JsonObject } from '#platform/base/json/json.ts';
import type { Echo, ReasoningField } from '../messages.ts';
import type { Delta } from './deltas.ts';

/** A longer one is not kept, in characters of its JSON: a reply can do without it, a row cannot hold all. */
const MAX_ECHO = 256_000;

/** A gatherer of what a deployment wants back, from the pieces of its reply. */
export class EchoGatherer {
  #deployment: string | undefined;
  #reasoning = '';
  #field: ReasoningField | undefined;
  readonly #details: JsonObject[] = [];
  readonly #extras: (JsonObject | null)[] = [];

  /** Begins with the deployment that answers. */
  begin(deployment: string): void {
    this.#deployment = deployment;
  }

  take(delta: Delta): void {
    if (delta.type === 'reasoning' && delta.field !== undefined) {
      this.#field = delta.field;
      this.#reasoning += delta.text;
      for (const detail of delta.details ?? []) this.#add(detail);
    } else if (delta.type === 'tool-call' && delta.extra) {
      while (this.#extras.length <= delta.index) this.#extras.push(null);
      this.#extras[delta.index] = delta.extra;
    }
  }

  /** Returns what is to be sent back; undefined where there is nothing. */
  echo(): Echo | undefined {
    if (this.#deployment === undefined || (this.#field === undefined && this.#extras.length === 0)) return undefined;
    const echo: Echo = {
      deployment: this.#deployment,
      ...(this.#field !== undefined && { reasoning: this.#reasoning, field: this.#field }),
      ...(this.#details.length > 0 && { details: this.#details }),
      ...(this.#extras.length > 0 && { extras: this.#extras }),
    };
    return JSON.stringify(echo).length > MAX_ECHO ? undefined : echo;
  }

  /** Pieces of one detail become one: it is wanted back as if it had come at once. */
  #add(detail: JsonObject): void {
    const last = this.#details.at(-1);
    const goesOn =
      last && last.type === detail.type && last.index === detail.index && last.type !== 'reasoning.encrypted';
    if (!goesOn) {
      this.#details.push({ ...detail });
      return;
    }
    for (const [name, value] of Object.entries(detail)) {
      const before = last[name];
      const joins = (name === 'text' || name === 'summary') && typeof before === 'string' && typeof value === 'string';
      if (joins) last[name] = before + value;
      else if (value !== null) last[name] = value;
    }
  }
}
