/**
 * An amount of money in picodollars (10^-12 US dollars) as bigint: prices a million tokens with up to six decimals are
 * whole numbers a token, so costs are exact and never floats.
 */
export type Picodollars = bigint;

const DECIMALS = 12;
const ONE = 10n ** BigInt(DECIMALS);

/**
 * Parses an amount of US dollars.
 *
 * @param decimal e.g. `0.15`; at most twelve decimals.
 * @throws RangeError for anything else.
 */
export function parseMoney(decimal: string): Picodollars {
  const match = /^(\d{1,12})(?:\.(\d{1,12}))?$/.exec(decimal);
  if (!match) throw new RangeError(`${decimal} is not an amount: write it as 12.34, with at most 12 decimals`);
  return BigInt(match[1]!) * ONE + BigInt((match[2] ?? '').padEnd(DECIMALS, '0'));
}

/** Formats an amount as `0.000125`, without needless zeros. */
export function formatMoney(amount: Picodollars): string {
  const sign = amount < 0n ? '-' : '';
  const absolute = amount < 0n ? -amount : amount;
  const fraction = (absolute % ONE).toString().padStart(DECIMALS, '0').replace(/0+$/, '');
  return `${sign}${absolute / ONE}${fraction === '' ? '' : `.${fraction}`}`;
}

/**
 * Returns what units cost, rounded up to a whole picodollar.
 *
 * @param pricePerMillion of a million units.
 */
export const costOf = (units: number, pricePerMillion: Picodollars): Picodollars =>
  (BigInt(units) * pricePerMillion + 999_999n) / 1_000_000n;
