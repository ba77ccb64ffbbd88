import { NOW_LUA } from '../../realtime/redis/redis-time.ts';

/**
 * The Lua of the event bus. Every group has streams of its own, `lane:<group>:<n>`, which hold what it has not dealt
 * with: an event is written to the groups that take its type, and goes when it is confirmed. `groups` tells who takes
 * what: group → `<lanes> <type> <type> …`. `knows` holds, for each owner, the run of Redis in which it published last,
 * and an id that changes when a relay begins to publish again.
 */

/**
 * Beyond this many events of a lane the oldest go, even if a group has not read them: a group that never comes back
 * must not fill Redis.
 */
const MAX_EVENTS = 1_000_000;

/**
 * Names the running server. It changes with a restart, which may cost the last second of what a server writes to disk,
 * and with a failover to a replica, which may lag behind. A server that does not tell is taken for the one it was.
 */
const RUN = `
local info = redis.pcall('INFO', 'server')
local run = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or 'untold'`;

/** Gives each group's lanes as keys: the prefix of all keys is the first argument. */
const LANES = `
local function lane(group, n) return ARGV[1] .. 'lane:' .. group .. ':' .. n end`;

/**
 * groups knows; prefix owner memory (type hash event)… → taken | forgotten | restarted | changed. `hash` spreads
 * aggregates over lanes. Each group that gets something hears of it on the channel `bell:<group>`.
 */
export const PUBLISH = `
${LANES}
local known = redis.call('HGET', KEYS[2], ARGV[2])
if not known then return 'forgotten' end
local takers, lanes, groups = {}, {}, redis.call('HGETALL', KEYS[1])
for i = 1, #groups, 2 do
  local count, types = string.match(groups[i + 1], '^(%d+)(.*)$')
  lanes[groups[i]] = tonumber(count)
  for n = 0, lanes[groups[i]] - 1 do
    if redis.call('EXISTS', lane(groups[i], n)) == 0 then return 'forgotten' end
  end
  for type in string.gmatch(types, '%S+') do
    takers[type] = takers[type] or {}
    table.insert(takers[type], groups[i])
  end
end
${RUN}
if string.match(known, '^%S+') ~= run then return 'restarted' end
if ARGV[3] ~= '*' and known ~= ARGV[3] then return 'changed' end
local told = {}
for i = 4, #ARGV, 3 do
  for _, group in ipairs(takers[ARGV[i]] or {}) do
    local key = lane(group, tonumber(ARGV[i + 1]) % lanes[group])
    redis.call('XADD', key, 'MAXLEN', '~', ${MAX_EVENTS}, '*', 'event', ARGV[i + 2])
    told[group] = true
  end
end
for group in pairs(told) do redis.call('PUBLISH', ARGV[1] .. 'bell:' .. group, '') end
return 'taken'`;

/** groups knows; prefix owner id. Makes the lanes that are gone: they are empty until the owners publish again. */
export const REMEMBER = `
${LANES}
local groups = redis.call('HGETALL', KEYS[1])
for i = 1, #groups, 2 do
  for n = 0, tonumber(string.match(groups[i + 1], '^%d+')) - 1 do
    if redis.call('EXISTS', lane(groups[i], n)) == 0 then
      redis.call('XGROUP', 'CREATE', lane(groups[i], n), groups[i], '0', 'MKSTREAM')
    end
  end
end
${RUN}
redis.call('HSET', KEYS[2], ARGV[2], run .. ' ' .. ARGV[3])`;

/**
 * groups knows members; prefix group takes first → same | other: whether the group takes what this member says. The
 * member that joined last decides: while an installation is updated, those of the other version stand aside, for as
 * long as a member of that version is heard of. A release that did not hold, and was taken back, leaves them the group.
 * A group that joins, or takes something else than before, has missed what was published: every owner then publishes
 * again what it keeps.
 *
 * The log of earlier versions, which no group of this one reads, goes a day after.
 */
export const JOIN = `
${LANES}
local known = redis.call('HGET', KEYS[1], ARGV[2])
if known and known ~= ARGV[3] and ARGV[4] == '0' then
  ${NOW_LUA}
  if redis.call('ZCOUNT', KEYS[3], '(' .. now, '+inf') > 0 then return 'other' end
end
for n = 0, tonumber(string.match(ARGV[3], '^%d+')) - 1 do
  if redis.call('EXISTS', lane(ARGV[2], n)) == 0 then
    redis.call('XGROUP', 'CREATE', lane(ARGV[2], n), ARGV[2], '0', 'MKSTREAM')
    redis.call('DEL', KEYS[2])
  end
end
if known == ARGV[3] then return 'same' end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('DEL', KEYS[2])
local former = ARGV[1] .. 'log'
if redis.call('TTL', former) == -1 then redis.call('EXPIRE', former, 86400) end
return 'same'`;

/** members; member ttl → how many members there are. Those that have not been heard of for `ttl` ms go. */
export const COUNT_MEMBERS = `
${NOW_LUA}
redis.call('ZADD', KEYS[1], now + ARGV[2], ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('ZCARD', KEYS[1])`;

/** There is one reader of a lane at a time, so there is one name: what a former one did not confirm is ours to read. */
const CONSUMER = 'reader';

/**
 * lane reader; group after epoch token count → (entry event deliveries)… | fenced. Only the latest holder of the lease
 * is given anything: what a former one took after it was replaced would lie there, given out and never confirmed. The
 * token tells apart two that a Redis without memory gave the same epoch.
 */
export const READ = `
local current = redis.call('GET', KEYS[2])
local mine = ARGV[3] .. ' ' .. ARGV[4]
if current and current ~= mine and tonumber(string.match(current, '^%d+')) >= tonumber(ARGV[3]) then return 'fenced' end
if current ~= mine then redis.call('SET', KEYS[2], mine) end
local reply = redis.call('XREADGROUP', 'GROUP', ARGV[1], '${CONSUMER}', 'COUNT', ARGV[5], 'STREAMS', KEYS[1], ARGV[2])
local items = {}
for _, entry in ipairs(reply and reply[1][2] or {}) do
  local deliveries = 1
  if ARGV[2] ~= '>' then
    local pending = redis.call('XPENDING', KEYS[1], ARGV[1], entry[1], entry[1], 1)
    deliveries = pending[1] and pending[1][4] or 1
  end
  table.insert(items, entry[1])
  table.insert(items, entry[2] and entry[2][2] or '')
  table.insert(items, deliveries)
end
return items`;

/** lane; group entry… Confirms entries, which then go. */
export const CONFIRM = `
redis.call('XACK', KEYS[1], unpack(ARGV))
redis.call('XDEL', KEYS[1], unpack(ARGV, 2))`;
