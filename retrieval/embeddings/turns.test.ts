import { describe, expect, it } from 'vitest';
import { Turns } from './turns.ts';

const moment = (): Promise<void> => new Promise(setImmediate);

describe('turns', () => {
  it('let who has least left overtake the others', async () => {
    const turns = new Turns();
    const done: string[] = [];
    const take = (name: string, left: number) =>
      turns.take(left, async () => {
        await moment();
        done.push(name);
      });
    await Promise.all([take('first', 9), take('document', 9), take('letter', 5), take('query', 1)]);
    expect(done).toEqual(['first', 'query', 'letter', 'document']);
  });

  it('come to what has much left though others that have little never cease', async () => {
    const turns = new Turns();
    let open = true;
    let queries = 0;
    const asking = Array.from({ length: 3 }, async () => {
      for (; open && queries < 1_000; queries++) await turns.take(1, moment);
    });
    for (let left = 10; left > 0; left--) await turns.take(left * 100, moment);
    open = false;
    await Promise.all(asking);
    // It had its share of the turns.
    expect(queries).toBeLessThan(200);
  });
});
