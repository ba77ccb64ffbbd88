import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Leases } from './leases.ts';

/** What leases promise, seen from two processes (one and the same where there is only one). */
export function leasesContract(
  open: (lifecycle: AsyncDisposableStack) => Promise<{ here: Leases; there: Leases }>,
): void {
  const lifecycle = new AsyncDisposableStack();
  let here: Leases;
  let there: Leases;
  beforeAll(async () => {
    ({ here, there } = await open(lifecycle));
  });
  afterAll(() => lifecycle.disposeAsync());

  it('has one holder at a time', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, n) => (n % 2 ? here : there).acquire('one', { ttlMs: 5_000 })),
    );
    const holders = answers.filter((lease) => lease !== undefined);
    expect(holders).toHaveLength(1);
    expect(await holders[0]!.renew()).toBe(true);
    await holders[0]!.release();
  });

  it('gives every later holder a larger epoch', async () => {
    const epochs: number[] = [];
    for (let n = 0; n < 5; n++) {
      await using lease = await (n % 2 ? here : there).acquire('epochs', { ttlMs: 5_000 });
      epochs.push(lease!.epoch);
    }
    expect(epochs).toEqual([...new Set(epochs)].sort((a, b) => a - b));
  });

  it('keeps a lease for longer than its time while the holder lives', async () => {
    await using lease = await here.acquire('long', { ttlMs: 300 });
    await new Promise((resolve) => setTimeout(resolve, 800));
    expect(await there.acquire('long', { ttlMs: 300 })).toBeUndefined();
    expect(lease!.lost.aborted).toBe(false);
  });

  it('does not let a former holder release the lease of the next', async () => {
    const first = await here.acquire('handover', { ttlMs: 5_000 });
    await first!.release();
    const second = await there.acquire('handover', { ttlMs: 5_000 });
    await first!.release();
    expect(await first!.renew()).toBe(false);
    expect(await second!.renew()).toBe(true);
    expect(await here.acquire('handover', { ttlMs: 5_000 })).toBeUndefined();
    await second!.release();
  });
}
