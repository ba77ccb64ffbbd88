import type { RedisConnections, RedisScript } from '../redis/redis.ts';
import { NOW_LUA } from '../redis/redis-time.ts';
import { NEXT_EPOCH_LUA } from './epoch.ts';

/**
 * A stream in Redis is two keys with the same hash tag: `…:log`, a Redis stream whose entry `n-0` is chunk n and whose
 * entry `n-1` (after the last chunk) is the end, and `…:meta`, a hash:
 *
 *   epoch, token   who may write: the fencing epoch, and a secret that makes it one producer
 *   born           changes when the stream is made again
 *   last           number of the last chunk
 *   lease          when the producer counts as gone, in ms since 1970 by Redis' own clock
 *   stop           a client asked to stop
 *   final          what the producer ended with
 */

/** log meta; token leaseMs idleTtlMs born control stream → ok epoch last | held | finished */
const OPEN = `
local m = redis.call('HMGET', KEYS[2], 'token', 'epoch', 'last', 'lease', 'final')
if m[5] then return {'finished'} end
${NOW_LUA}
if m[1] and tonumber(m[4]) > now then return {'held'} end
local previous = tonumber(m[2] or 0)
${NEXT_EPOCH_LUA}
if m[1] and redis.call('EXISTS', KEYS[1]) == 0 and tonumber(m[3]) > 0 then m[3] = false redis.call('DEL', KEYS[2]) end
redis.call('HSET', KEYS[2], 'token', ARGV[1], 'epoch', epoch, 'last', m[3] or 0, 'lease', string.format('%.0f', now + ARGV[2]))
redis.call('HSETNX', KEYS[2], 'born', ARGV[4])
redis.call('HDEL', KEYS[2], 'stop')
redis.call('PEXPIRE', KEYS[1], ARGV[3]) redis.call('PEXPIRE', KEYS[2], ARGV[3])
if m[1] then redis.call('PUBLISH', ARGV[5], 'fence ' .. epoch .. ' ' .. ARGV[6]) end
return {'ok', epoch, tonumber(m[3] or 0), redis.call('HGET', KEYS[2], 'born')}`;

/** log meta; token epoch leaseMs idleTtlMs born → ok | fenced. Makes a stream again that Redis has lost. */
const RESTORE = `
local token = redis.call('HGET', KEYS[2], 'token')
if token and token ~= ARGV[1] then return {'fenced'} end
if token then return {'ok'} end
${NOW_LUA}
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[2], 'token', ARGV[1], 'epoch', ARGV[2], 'last', 0, 'lease', string.format('%.0f', now + ARGV[3]), 'born', ARGV[5])
redis.call('PEXPIRE', KEYS[2], ARGV[4])
return {'ok'}`;

/**
 * log meta; token first leaseMs ttlMs final chunk… → ok last stop | fenced | missing. With no chunk it renews the
 * lease. Chunks that are there already are skipped, so an append whose answer was lost can be sent again.
 */
const APPEND = `
local m = redis.call('HMGET', KEYS[2], 'token', 'last', 'stop', 'final')
if not m[1] then return {'missing'} end
if m[1] ~= ARGV[1] then return {'fenced'} end
local last = tonumber(m[2])
if m[4] then return {'ok', last, 0} end
local first = tonumber(ARGV[2])
if first > last + 1 or (last > 0 and redis.call('EXISTS', KEYS[1]) == 0) then
  redis.call('DEL', KEYS[1], KEYS[2])
  return {'missing'}
end
for i = 6, #ARGV do
  local seq = first + i - 6
  if seq > last then redis.call('XADD', KEYS[1], seq .. '-0', 'c', ARGV[i]) last = seq end
end
${NOW_LUA}
redis.call('HSET', KEYS[2], 'last', last, 'lease', string.format('%.0f', now + ARGV[3]))
if ARGV[5] ~= '' then
  redis.call('XADD', KEYS[1], last .. '-1', 'f', ARGV[5])
  redis.call('HSET', KEYS[2], 'final', ARGV[5])
end
redis.call('PEXPIRE', KEYS[1], ARGV[4]) redis.call('PEXPIRE', KEYS[2], ARGV[4])
return {'ok', last, m[3] and 1 or 0}`;

/** meta; token → nothing. Lets the lease lapse now. */
const RELEASE = `
if redis.call('HGET', KEYS[1], 'token') == ARGV[1] then redis.call('HSET', KEYS[1], 'lease', 0) end`;

/** meta; control stream → requested | finished | unknown */
const STOP = `
local m = redis.call('HMGET', KEYS[1], 'token', 'final')
if not m[1] then return 'unknown' end
if m[2] then return 'finished' end
redis.call('HSET', KEYS[1], 'stop', 1)
redis.call('PUBLISH', ARGV[1], 'stop 0 ' .. ARGV[2])
return 'requested'`;

/** meta → born epoch last alive final | nothing */
const INSPECT = `
local m = redis.call('HMGET', KEYS[1], 'born', 'epoch', 'last', 'lease', 'final')
if not m[1] then return false end
${NOW_LUA}
return {m[1], tonumber(m[2]), tonumber(m[3]), tonumber(m[4]) > now and 1 or 0, m[5]}`;

/** log meta → nothing. Forgets a stream that has ended, or whose producer is gone. */
const DISCARD = `
local m = redis.call('HMGET', KEYS[2], 'final', 'lease')
${NOW_LUA}
if m[1] or (m[2] and tonumber(m[2]) <= now) then redis.call('DEL', KEYS[1], KEYS[2]) end`;

export interface StreamScripts {
  readonly open: RedisScript;
  readonly restore: RedisScript;
  readonly append: RedisScript;
  readonly release: RedisScript;
  readonly stop: RedisScript;
  readonly inspect: RedisScript;
  readonly discard: RedisScript;
}

/** Returns the scripts of the stream log, ready to run. */
export const streamScripts = (redis: RedisConnections): StreamScripts => ({
  open: redis.script('sextantStreamOpen', 2, OPEN),
  restore: redis.script('sextantStreamRestore', 2, RESTORE),
  append: redis.script('sextantStreamAppend', 2, APPEND),
  release: redis.script('sextantStreamRelease', 1, RELEASE),
  stop: redis.script('sextantStreamStop', 1, STOP),
  inspect: redis.script('sextantStreamInspect', 1, INSPECT),
  discard: redis.script('sextantStreamDiscard', 2, DISCARD),
});

/** Returns the key of a stream's chunks. */
export const logKey = (prefix: string, stream: string): string => `${prefix}stream:{${stream}}:log`;
/** Returns the key of a stream's state. */
export const metaKey = (prefix: string, stream: string): string => `${prefix}stream:{${stream}}:meta`;
/** Returns the channel on which producers hear that they shall stop or have been fenced. */
export const controlChannel = (prefix: string): string => `${prefix}stream-control`;
