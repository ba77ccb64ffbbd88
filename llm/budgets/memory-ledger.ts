import { randomUUID } from 'node:crypto';
import {
  type BudgetLedger,
  type Claim,
  counterOf,
  HOLD_MS,
  type Refusal,
  type Reservation,
  windowOf,
} from './budgets.ts';

interface Hold {
  readonly amount: number;
  readonly until: number;
}

interface Counter {
  /** Units spent, by window. */
  readonly spent: Map<string, { units: number; until: number }>;
  /** In the order in which they lapse. */
  readonly holds: Map<string, Hold>;
  /** Units of all holds. */
  held: number;
}

const CLEANUP_EVERY = 1_000;

/** The ledger of one process. */
export class MemoryLedger implements BudgetLedger {
  readonly #counters = new Map<string, Counter>();
  #calls = 0;

  async reserve(claims: readonly Claim[], now = Date.now()): Promise<Reservation | Refusal> {
    if (++this.#calls % CLEANUP_EVERY === 0) this.#cleanup(now);
    for (const claim of claims) {
      const window = windowOf(claim.per, now);
      const counter = this.#counter(claim);
      lapse(counter, now);
      const before =
        window.previous === undefined ? 0 : (counter.spent.get(window.previous)?.units ?? 0) * window.weight;
      const available = claim.limit - counter.held - (counter.spent.get(window.id)?.units ?? 0) - before;
      if (claim.amount > available)
        return { ok: false, claim, available: Math.max(0, Math.floor(available)), resetsAt: window.endsAt };
    }
    const id = randomUUID();
    for (const claim of claims) {
      const counter = this.#counter(claim);
      counter.holds.set(id, { amount: claim.amount, until: now + HOLD_MS });
      counter.held += claim.amount;
    }
    return { ok: true, id, claims, at: now };
  }

  async settle(reservation: Reservation, spent: (claim: Claim) => number): Promise<void> {
    for (const claim of reservation.claims) {
      const counter = this.#counter(claim);
      if (!release(counter, reservation.id)) continue;
      const window = windowOf(claim.per, reservation.at);
      const units = (counter.spent.get(window.id)?.units ?? 0) + spent(claim);
      // A minute counts into the next one.
      counter.spent.set(window.id, { units, until: window.endsAt + 60_000 });
    }
  }

  #counter(claim: Claim): Counter {
    const key = counterOf(claim);
    let counter = this.#counters.get(key);
    if (!counter) {
      counter = { spent: new Map(), holds: new Map(), held: 0 };
      this.#counters.set(key, counter);
    }
    return counter;
  }

  /** Users come and go; their counters must not stay for ever. */
  #cleanup(now: number): void {
    for (const [key, counter] of this.#counters) {
      for (const [id, { until }] of counter.spent) if (until <= now) counter.spent.delete(id);
      lapse(counter, now);
      if (counter.spent.size === 0 && counter.holds.size === 0) this.#counters.delete(key);
    }
  }
}

function release(counter: Counter, id: string): boolean {
  counter.held -= counter.holds.get(id)?.amount ?? 0;
  return counter.holds.delete(id);
}

function lapse(counter: Counter, now: number): void {
  for (const [id, { until }] of counter.holds) {
    if (until > now) return;
    release(counter, id);
  }
}
