/*
 * What has to happen at once happens in Redis, which runs one script at a time. ARGV[1] is what our own keys begin with:
 *   batches             list of ids, oldest first
 *   events/BATCH        list of events; the n-th has sequence n
 *   deciders            batch -> the bench that decides for it
 *   benches, alive/BENCH  who works here; the second is gone soon after its bench, and holds the cameras it offers
 *   open/BATCH          "item.attempt" -> camera: what was added and not yet dropped
 *   wishes/BATCH        what persons want of it, oldest first, until its decider has heard
 *   cameras             all that ever had work
 * The attempts themselves are jobs of BullMQ, one queue for each camera.
 */

/** ARGV: prefix, bench, events as [[batch, sequence, text]], works as [[batch, name, camera]]. Result: nothing, or the batch and its last sequence; -1 says that another bench decides. */
export const appendScript = `
local prefix, bench = ARGV[1], ARGV[2]
local events, works, last = cjson.decode(ARGV[3]), cjson.decode(ARGV[4]), {}
for _, event in ipairs(events) do
  local batch = event[1]
  if last[batch] == nil then
    local decider = redis.call('HGET', prefix .. 'deciders', batch)
    if decider and decider ~= bench then return {batch, -1} end
    last[batch] = redis.call('LLEN', prefix .. 'events/' .. batch)
  end
  if event[2] ~= last[batch] + 1 then return {batch, last[batch]} end
  last[batch] = event[2]
end
for _, event in ipairs(events) do
  if event[2] == 1 then
    redis.call('RPUSH', prefix .. 'batches', event[1])
    redis.call('HSET', prefix .. 'deciders', event[1], bench)
  end
  redis.call('RPUSH', prefix .. 'events/' .. event[1], event[3])
end
for _, work in ipairs(works) do
  redis.call('HSETNX', prefix .. 'open/' .. work[1], work[2], work[3])
  redis.call('SADD', prefix .. 'cameras', work[3])
end
return {}
`

/** ARGV: prefix, bench, batch, "1" when one who is silent may be taken for dead. Result: 1 or 0. */
export const adoptScript = `
local prefix, bench, batch = ARGV[1], ARGV[2], ARGV[3]
local decider = redis.call('HGET', prefix .. 'deciders', batch)
if decider and decider ~= bench and (ARGV[4] ~= '1' or redis.call('EXISTS', prefix .. 'alive/' .. decider) == 1) then return 0 end
redis.call('HSET', prefix .. 'deciders', batch, bench)
return 1
`

/**
 * ARGV: prefix, bench, its offer, milliseconds, then the key of each job it has and the token it has it with. A lock that ran out while
 * Redis was away is taken again, as long as nobody has called that attempt lost.
 */
export const beatScript = `
local prefix, bench = ARGV[1], ARGV[2]
redis.call('SADD', prefix .. 'benches', bench)
redis.call('SET', prefix .. 'alive/' .. bench, ARGV[3], 'PX', ARGV[4])
for index = 5, #ARGV, 2 do
  local job, token = ARGV[index], ARGV[index + 1]
  local holder = redis.call('GET', job .. ':lock')
  if holder == token or (not holder and redis.call('HEXISTS', job, 'processedOn') == 1 and redis.call('HEXISTS', job, 'finishedOn') == 0) then
    redis.call('SET', job .. ':lock', token, 'PX', ARGV[4])
  end
end
return 1
`

/** ARGV: prefix, what the keys of the queues begin with, batch. Result: [name, camera, state, result] of all that is open. */
export const lookScript = `
local open, found = redis.call('HGETALL', ARGV[1] .. 'open/' .. ARGV[3]), {}
for index = 1, #open, 2 do
  local key = ARGV[2] .. open[index + 1] .. ':' .. ARGV[3] .. '.' .. open[index]
  local job, state = redis.call('HMGET', key, 'name', 'processedOn', 'finishedOn', 'returnvalue'), 'missing'
  if job[3] then state = 'ended'
  elseif job[2] then state = redis.call('EXISTS', key .. ':lock') == 1 and 'held' or 'left'
  elseif job[1] then state = 'waiting' end
  found[#found + 1] = {open[index], open[index + 1], state, job[4] or ''}
end
return found
`
