import type { Guard } from './guard.ts'

const core = 'src/main/core/batch'
const engine = { project: 'integration', tests: 'test/integration/batch/batchEngine.test.ts' } as const
const elsewhere = { project: 'integration', tests: 'test/integration/batch/batchElsewhere.test.ts' } as const
const view = { project: 'integration', tests: 'test/web/batch.test.ts' } as const
const queue = { file: 'src/main/drivers/storage/sqliteBatches.ts', project: 'integration', tests: 'test/contract/batchQueues.test.ts' } as const

const redis = { project: 'peers', tests: 'test/peers/batchRedis.test.ts' } as const
const scripts = 'src/main/drivers/redis/batchScripts.ts'
const onRedis = 'src/main/drivers/redis/redisBatches.ts'

/** What keeps a batch from going on over cameras that it should leave alone, and from calling something passed. */
export const batchGuards: readonly Guard[] = [
  { says: 'batch: nobody overtakes the canary', file: `${core}/schedule.ts`, ...engine, named: 'the canary goes first', find: "if (batch.stage === 'canary' && !item.isCanary) break", replace: '' },
  { says: 'batch: a canary that fails stops the rest', file: `${core}/rulings.ts`, ...engine, named: 'a canary that fails stops the rest', find: "if (item.state === 'failed' || item.state === 'timed out' || item.state === 'not judged') {", replace: "if (item.state === 'waiting') {" },
  { says: 'batch: above the percentage it stops', file: `${core}/rulings.ts`, ...engine, named: 'failed plus timed out above 5 %', find: 'if (percentage !== undefined) return', replace: "if (percentage === '') return" },
  { says: 'batch: what timed out counts', file: `${core}/rulings.ts`, ...engine, named: 'failed plus timed out above 5 %', find: "const tally = { passed: counts.passed, failed: counts.failed + counts['timed out'],", replace: 'const tally = { passed: counts.passed, failed: counts.failed,' },
  { says: 'batch: a late attempt ends', file: `${core}/batchWorker.ts`, ...engine, named: 'failed plus timed out above 5 %', find: 'request.plan.attemptLimitMs, attemptWord', replace: '2e9, attemptWord' },
  { says: 'batch: infrastructure is no failure', file: `${core}/batchState.ts`, ...engine, named: 'infrastructure that stays', find: "cause === 'infrastructure' ? 'not judged' : 'failed'", replace: "cause === 'power' ? 'not judged' : 'failed'" },
  { says: 'batch: one camera has one attempt at a time', file: `${core}/schedule.ts`, ...engine, named: 'a matrix of cameras', find: 'if (places.busy.has(camera) || (', replace: 'if ((' },
  { says: 'batch: a camera that fails is set aside', file: `${core}/rulings.ts`, ...engine, named: 'a camera that fails again', find: 'if (failures < batch.plan.stop.failuresPerCamera ||', replace: 'if (failures > 0 ||' },
  { says: 'batch: a stop begins nothing more', file: `${core}/batchState.ts`, ...engine, named: 'stopped by a person', find: '      leaveOut(batch, batch.items)\n', replace: '' },
  { says: 'batch: what is said on another bench is heard', file: `${core}/batchEngine.ts`, ...elsewhere, named: 'what a person says', find: 'for (const { batch } of mine()) await hear(batch)', replace: '' },
  { says: 'batch: a stop at once reaches every bench', file: `${core}/batchEngine.ts`, ...elsewhere, named: 'a stop at once', find: "if (event.type === 'stop-requested' && event.now === true) worker.cancel(batch.id)", replace: '' },
  { says: 'batch: what is no address is not given to ping', file: 'src/main/drivers/network/pingProgram.ts', project: 'integration', tests: 'test/integration/batch/pingProgram.test.ts', named: 'what is no address', find: 'if (!/^[0-9A-Za-z](?:[0-9A-Za-z.:-]{0,253})$/.test(host)) throw', replace: "if (host === '') throw" },
  { says: 'batch: a report tells no password that a camera told', file: `${core}/bootLines.ts`, project: 'unit', tests: 'src/main/core/batch/bootLines.test.ts', named: 'no password in it', find: 'redactor.line({ text: line }, memory)', replace: '[line]' },
  { says: 'batch: an event is kept before it is applied', file: `${core}/batchEngine.ts`, ...engine, named: 'a disk that is full', find: '    await queue.append(events, works)\n', replace: '    await queue.append(events, works).catch(() => undefined)\n' },
  { says: 'batch: what follows from an end is said later, if not at once', file: `${core}/batchEngine.ts`, project: 'integration', tests: 'test/integration/batch/batchTrouble.test.ts', named: 'a canary that fails stops the batch', find: '        unsettled.add(entry)\n', replace: '' },
  { says: 'batch: who takes a batch up ends it', file: `${core}/batchEngine.ts`, project: 'integration', tests: 'test/integration/batch/batchTrouble.test.ts', named: 'a bench that dies between', find: '    unsettled.add(entry)\n    return true', replace: '    return true' },
  { says: 'batch: what was kept is so, whatever was answered', file: `${core}/batchEngine.ts`, project: 'integration', tests: 'test/integration/batch/batchTrouble.test.ts', named: 'what was kept although', find: '        await catchUp(entry)\n', replace: '' },
  { says: 'batch: what another bench has spoiled holds up nothing here', file: `${core}/batchEngine.ts`, project: 'integration', tests: 'test/integration/batch/batchTrouble.test.ts', named: 'what is kept of a batch of another bench is damaged', find: 'if (!isDamage(error, batch.id)) throw error', replace: 'throw error' },
  { says: 'batch: a sequence is given once', ...queue, named: 'SQLite', find: 'if (event.sequence !== last + 1) throw', replace: 'if (event.sequence <= last) throw' },
  { says: 'batch: one bench decides', ...queue, named: 'SQLite', find: "if (typeof decider === 'string' && decider !== self && lives(decider)) return false", replace: "if (decider === 'nobody') return false" },
  { says: 'batch: a result comes from the bench that has the attempt', ...queue, named: 'SQLite', find: 'if (Number(changes) === 0) throw', replace: 'if (Number(changes) < 0) throw' },
  { says: 'batch: what a dead bench was doing is lost', ...queue, named: 'SQLite', find: "return row['worker'] !== null && !lives(String(row['worker'])) ?", replace: "return row['worker'] === '' ?" },
  { says: 'batch on Redis: a sequence is given once', file: scripts, ...redis, named: 'BullMQ on Redis', find: 'if event[2] ~= last[batch] + 1 then', replace: 'if event[2] <= last[batch] then' },
  { says: 'batch on Redis: one bench decides', file: scripts, ...redis, named: 'BullMQ on Redis', find: "(ARGV[4] ~= '1' or redis.call('EXISTS', prefix .. 'alive/' .. decider) == 1) then return 0 end", replace: "ARGV[4] == 'never' then return 0 end" },
  { says: 'batch on Redis: what a dead bench was doing is lost', file: onRedis, ...redis, named: 'BullMQ on Redis', find: "if (state === 'left') return maySilentBeDead() ? [{ work, lost: true }] : []", replace: "if (state === 'left') return []" },
  { says: 'batch on Redis: a result comes from the bench that has the attempt', file: onRedis, ...redis, named: 'a bench that was silent for too long', find: 'if (!isKept) throw', replace: 'if (tokens < 0) throw' },
  { says: 'batch on Redis: one camera has one attempt at a time', file: onRedis, ...redis, named: 'a bench that was silent for too long', find: 'const mine = [...all].filter((camera) => !busy.has(camera))', replace: 'const mine = [...all]' },
  { says: 'batch on Redis: the login is not shown', file: 'src/main/drivers/redis/redisAddress.ts', project: 'unit', tests: 'src/main/drivers/redis/redisAddress.test.ts', named: 'whatever the login is', find: 'shown: `${url.protocol}//${url.hostname}', replace: 'shown: `${url.protocol}//${url.password}@${url.hostname}' },
  { says: 'batch: the page runs nothing', file: `${core}/reportPage.ts`, project: 'unit', tests: `${core}/reports.test.ts`, named: 'nothing that a console says runs', find: '<pre>${escaped(text)}</pre>', replace: '<pre>${text}</pre>' },
  { says: 'batch: no cell is a formula', file: `${core}/reportTexts.ts`, project: 'unit', tests: `${core}/reports.test.ts`, named: 'no cell of the CSV', find: "/^[=+\\-@\\t\\r]/.test(text)", replace: "text === ''" },
  { says: 'batch: many cameras want their number typed before any is written', file: 'src/renderer/features/batch/NewBatchDialog.vue', ...view, named: 'many cameras want their number typed', find: '|| !confirmed.value || busy.value !== undefined || found.value?.problem) return', replace: '|| busy.value !== undefined || found.value?.problem) return' },
  { says: 'batch: after a canary that waits nothing begins before a person says so', file: `${core}/batchState.ts`, project: 'integration', tests: 'test/integration/batch/batchEngine.test.ts', named: 'a canary that waits', find: 'batch.plan.canary?.thenPause === true', replace: 'batch.plan.canary?.thenPause === undefined' },
  { says: 'batch: a plan that nothing could be judged with is not begun', file: 'src/main/composition/batchDesk.ts', project: 'integration', tests: 'test/integration/batch/batchDesk.test.ts', named: 'before a plan begins', find: 'if (problem) throw problem', replace: 'if (problem?.code === \'internal/bug\') throw problem' },
  { says: 'batch on Redis: a plan is checked for the cameras of every bench', file: 'src/main/composition/batchDesk.ts', project: 'peers', tests: 'test/peers/batchRedisCli.test.ts', named: 'what the cameras of another bench lack', find: 'new Map(all.map(({ cameraId, lacks })', replace: 'new Map(pods.map((spec) => offeredOf(spec, true)).map(({ cameraId, lacks })' },
  { says: 'batch: an image of one camera for many is warned of', file: `${core}/planCheck.ts`, project: 'unit', tests: `${core}/planCheck.test.ts`, named: 'the dump of one camera', find: 'targets.length < 2 && rounds < 2', replace: 'targets.length < 9 && rounds < 2' },
  { says: 'batch: nothing of a report runs in the window', file: 'src/renderer/features/batch/BatchReportDialog.vue', ...view, named: 'reports in four formats', find: 'sandbox=""', replace: 'sandbox="allow-scripts"' },
]
