import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BudgetLedger, Claim } from './budgets.ts';

/** What every ledger must do. */
export function ledgerContract(
  name: string,
  open: () => Promise<{ ledger: BudgetLedger; close: () => Promise<void> }>,
): void {
  describe(`the budget ledger in ${name}`, () => {
    let ledger: BudgetLedger;
    let close: () => Promise<void>;
    let next = 0;
    beforeAll(async () => {
      ({ ledger, close } = await open());
    });
    afterAll(() => close());

    const claim = (more: Partial<Claim> = {}): Claim => ({
      subject: `user:${process.pid}-${next}`,
      unit: 'nanodollars',
      limit: 100,
      per: 'day',
      amount: 10,
      ...more,
    });
    const NOW = Date.UTC(2030, 0, 15, 12, 0, 30);

    it('cannot be overrun by 50 parallel reservations', async () => {
      next++;
      const results = await Promise.all(Array.from({ length: 50 }, () => ledger.reserve([claim()], NOW)));
      expect(results.filter((result) => result.ok)).toHaveLength(10);
      expect(results.find((result) => !result.ok)).toMatchObject({ available: 0, resetsAt: Date.UTC(2030, 0, 16) });
    });

    it('gives back what a reservation did not spend', async () => {
      next++;
      const first = await ledger.reserve([claim({ amount: 90 })], NOW);
      expect(await ledger.reserve([claim({ amount: 20 })], NOW)).toMatchObject({ ok: false, available: 10 });
      if (first.ok) await ledger.settle(first, () => 30);
      expect(await ledger.reserve([claim({ amount: 70 })], NOW)).toMatchObject({ ok: true });
      expect(await ledger.reserve([claim({ amount: 1 })], NOW)).toMatchObject({ ok: false });
    });

    it('charges a settlement once', async () => {
      next++;
      const first = await ledger.reserve([claim()], NOW);
      if (first.ok)
        await Promise.all([
          ledger.settle(first, () => 10),
          ledger.settle(first, () => 10),
          ledger.settle(first, () => 10),
        ]);
      expect(await ledger.reserve([claim({ amount: 90 })], NOW)).toMatchObject({ ok: true });
    });

    it('claims all or nothing', async () => {
      next++;
      const small = claim({ limit: 5, unit: 'tokens', per: 'minute' });
      expect(await ledger.reserve([claim({ amount: 100 }), small], NOW)).toMatchObject({
        ok: false,
        claim: { unit: 'tokens' },
      });
      expect(await ledger.reserve([claim({ amount: 100 })], NOW)).toMatchObject({ ok: true });
    });

    it('lets a dead process’s reservation lapse', async () => {
      next++;
      await ledger.reserve([claim({ amount: 100 })], NOW);
      expect(await ledger.reserve([claim()], NOW + 3_599_000)).toMatchObject({ ok: false });
      expect(await ledger.reserve([claim()], NOW + 3_601_000)).toMatchObject({ ok: true });
    });

    it('renews at the calendar’s day and month', async () => {
      next++;
      for (const per of ['day', 'month'] as const) {
        const spent = await ledger.reserve([claim({ per, amount: 100 })], NOW);
        if (spent.ok) await ledger.settle(spent, () => 100);
      }
      const tomorrow = NOW + 86_400_000;
      expect(await ledger.reserve([claim({ per: 'day' })], tomorrow)).toMatchObject({ ok: true });
      expect(await ledger.reserve([claim({ per: 'month' })], tomorrow)).toMatchObject({
        ok: false,
        resetsAt: Date.UTC(2030, 1, 1),
      });
      expect(await ledger.reserve([claim({ per: 'month' })], Date.UTC(2030, 1, 1))).toMatchObject({ ok: true });
    });

    it('slides over a minute: no double allowance at its turn', async () => {
      next++;
      const minute = (amount: number, now: number) =>
        ledger.reserve([claim({ per: 'minute', unit: 'tokens', amount })], now);
      const first = await minute(100, NOW + 29_000);
      if (first.ok) await ledger.settle(first, () => 100);
      expect(await minute(50, NOW + 31_000)).toMatchObject({ ok: false });
      expect(await minute(50, NOW + 61_000)).toMatchObject({ ok: true });
    });
  });
}
