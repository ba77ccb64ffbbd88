import { expect, it } from 'vitest';
import { fc } from '#platform/base/testing/generated.ts';
import { costOf, formatMoney, parseMoney } from './money.ts';

it('reads and writes every amount exactly', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 10n ** 23n }), (amount) => {
      expect(parseMoney(formatMoney(amount))).toBe(amount);
    }),
  );
  expect(formatMoney(parseMoney('0.30'))).toBe('0.3');
  expect(formatMoney(parseMoney('0.1') + parseMoney('0.2'))).toBe('0.3');
});

it('refuses what is not an amount, rather than reading half of it', () => {
  for (const text of ['', '1e-7', '-1', '.5', '1.', '1,5', '0.1234567890123', 'NaN'])
    expect(() => parseMoney(text)).toThrow(RangeError);
});

it('costs add up: many small calls cost what one large one does', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1_000_000), { maxLength: 50 }), fc.nat(100_000_000), (units, micros) => {
      const price = BigInt(micros) * 1_000_000n;
      const parts = units.reduce((sum, count) => sum + costOf(count, price), 0n);
      expect(parts).toBe(
        costOf(
          units.reduce((sum, count) => sum + count, 0),
          price,
        ),
      );
    }),
  );
});
