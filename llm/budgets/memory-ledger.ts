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
  readonly holds: Map<string, Hold>;
}

const SWEEP_EVERY = 1_000;

/** The ledger of one process. */
export class MemoryLedger implements BudgetLedger {
  readonly #counters = new Map<string, Counter>();
  #calls = 0;

  async reserve(claims: readonly Claim[], now = Date.now()): Promise<Reservation | Refusal> {
    if (++this.#calls % SWEEP_EVERY === 0) this.#sweep(now);
    for (const claim of claims) {
      const window = windowOf(claim.per, now);
      const counter = this.#counter(claim);
      let held = 0;
      for (const [id, hold] of counter.holds) {
        if (hold.until <= now) counter.holds.delete(id);
        else held += hold.amount;
      }
      const before =
        window.previous === undefined ? 0 : (counter.spent.get(window.previous)?.units ?? 0) * window.weight;
      const available = claim.limit - held - (counter.spent.get(window.id)?.units ?? 0) - before;
      if (claim.amount > available)
        return { ok: false, claim, available: Math.max(0, Math.floor(available)), resetsAt: window.endsAt };
    }
    const id = randomUUID();
    for (const claim of claims) this.#counter(claim).holds.set(id, { amount: claim.amount, until: now + HOLD_MS });
    return { ok: true, id, claims, at: now };
  }

  async settle(reservation: Reservation, spent: (claim: Claim) => number): Promise<void> {
    for (const claim of reservation.claims) {
      const counter = this.#counter(claim);
      if (!counter.holds.delete(reservation.id)) continue;
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
      counter = { spent: new Map(), holds: new Map() };
      this.#counters.set(key, counter);
    }
    return counter;
  }

  /** Users come and go; their counters must not stay for ever. */
  #sweep(now: number): void {
    for (const [key, counter] of this.#counters) {
      for (const [id, { until }] of counter.spent) if (until <= now) counter.spent.delete(id);
      for (const [id, { until }] of counter.holds) if (until <= now) counter.holds.delete(id);
      if (counter.spent.size === 0 && counter.holds.size === 0) this.#counters.delete(key);
    }
  }
}
