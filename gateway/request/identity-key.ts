import type { Identity } from '#platform/identity/identity.ts';

const keys = new WeakMap<Identity, string>();
const numbers = new Map<string, string>();
const MAX_NUMBERS = 50_000;
let lastNumber = 0;

/**
 * Returns a key that is equal for identities that every subgraph treats alike. A number in this process: short, as it
 * is hashed again and again.
 */
export function identityKey(identity: Identity): string {
  let key = keys.get(identity);
  if (key === undefined) {
    const text = identityText(identity);
    // Forgetting them costs an equal identity its company, and never gives it a wrong one: no number comes twice.
    if (numbers.size >= MAX_NUMBERS) numbers.clear();
    key = numbers.get(text) ?? String(++lastNumber);
    numbers.set(text, key);
    keys.set(identity, key);
  }
  return key;
}

/** Returns the same as a text that every process writes alike. */
export function identityText(identity: Identity): string {
  const { expiresAt: _, ...lasting } = { expiresAt: 0, ...identity };
  return JSON.stringify(lasting, Object.keys(lasting).sort());
}
