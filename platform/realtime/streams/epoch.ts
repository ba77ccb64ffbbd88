/** Seconds since 2025 fit a 32-bit column until 2093. */
const ORIGIN = 1_735_689_600;

/**
 * Returns the epoch of a new holder: larger than the one before, and larger than any of a store that has lost its
 * memory since, because it starts from the clock. Rows in the database that name an old epoch therefore stay fenced
 * after a restart.
 */
export const nextEpoch = (previous: number, nowMs = Date.now()): number =>
  Math.max(previous + 1, Math.floor(nowMs / 1000) - ORIGIN);

/** The same in Lua, for a script that has `previous` as a number; gives `epoch`. */
export const NEXT_EPOCH_LUA = `local epoch = math.max(previous + 1, tonumber(redis.call('TIME')[1]) - ${ORIGIN})`;
