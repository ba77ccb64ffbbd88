import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Place, Places } from './places.ts';

/** What places promise, seen from two processes (one and the same where there is only one). */
export function placesContract(
  open: (lifecycle: AsyncDisposableStack) => Promise<{ here: Places; there: Places }>,
): void {
  const lifecycle = new AsyncDisposableStack();
  let here: Places;
  let there: Places;
  beforeAll(async () => {
    ({ here, there } = await open(lifecycle));
  });
  afterAll(() => lifecycle.disposeAsync());

  const taken = (places: readonly (Place | undefined)[]) => places.filter((place) => place !== undefined);

  it('so many as are allowed are taken, however many ask at the same time', async () => {
    const asked = await Promise.all(Array.from({ length: 40 }, (_, n) => (n % 2 ? here : there).enter('crowd', 7)));
    expect(taken(asked)).toHaveLength(7);
    expect(await there.enter('another', 7)).toBeDefined();
  });

  it('one that is left is free again, once', async () => {
    const [first, second] = [await here.enter('door', 2), await there.enter('door', 2)];
    expect(await here.enter('door', 2)).toBeUndefined();
    first!.leave();
    first!.leave();
    await expect.poll(() => there.enter('door', 2)).toBeDefined();
    expect(await here.enter('door', 2)).toBeUndefined();
    second!.leave();
    await expect.poll(() => here.enter('door', 2)).toBeDefined();
  });
}
