/** Lua: `now` is the time in milliseconds by the clock of Redis, which all processes have in common. */
export const NOW_LUA = `local time = redis.call('TIME') local now = time[1] * 1000 + math.floor(time[2] / 1000)`;
