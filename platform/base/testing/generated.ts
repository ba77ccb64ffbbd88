import fc from 'fast-check';

/**
 * What generated tests start from: the same each time, so that a run says what a change does and passes wherever it
 * passed once. `SEED=<number>` tries another one, or plays a fault again that was printed with it.
 */
export const SEED = Number(process.env['SEED'] ?? 1);

fc.configureGlobal({ seed: SEED });

/** fast-check, whose properties begin with `SEED`. */
export { fc };
