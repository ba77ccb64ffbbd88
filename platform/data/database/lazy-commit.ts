/**
 * A condition that is always true, and lets the transaction commit without waiting for the disk
 * (`synchronous_commit` off, for this transaction alone). For what may be lost with the last moments before a crash of
 * the database because it is then done again: marks, claims, signs of life. Order is kept: a transaction that waits for
 * the disk waits for all that were committed before it.
 */
export const LAZILY = `set_config('synchronous_commit', 'off', true) = 'off'`;
