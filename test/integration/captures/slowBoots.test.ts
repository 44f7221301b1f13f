import { expect, onTestFinished, test } from 'vitest'
import { watchSlowBoots } from '../../../src/main/composition/slowBoots.ts'
import { createRuleWatch } from '../../../src/main/core/consoles/ruleWatch.ts'
import { type Boot, type BootQuery, bootSchema } from '../../../src/shared/captures/boots.schema.ts'
import { type ConsoleRule, type RuleHit, usualTools } from '../../../src/shared/consoles/consoleTools.schema.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts'

const gate = 'cam-1' as CameraId
const yard = 'cam-2' as CameraId
const everyMs = 10_000

interface Bench {
  readonly clock: VirtualClock
  readonly asked: BootQuery[]
  readonly lines: string[]
  readonly ran: string[]
  readonly hits: RuleHit[]
  /** One that has just come to its prompt, or has not. */
  boot(camera: CameraId, login: number | undefined, firmware?: string): void
  /** Of the questions from here on, that one is not answered. */
  fail(error: unknown, question?: number): void
  use(rules: readonly ConsoleRule[]): void
  stop(): Promise<void>
}

function bench(rules: readonly ConsoleRule[] = usualTools.rules): Bench {
  const clock = createVirtualClock()
  const stop = new AbortController()
  const known: Boot[] = []
  const [asked, lines, ran, hits]: [BootQuery[], string[], string[], RuleHit[]] = [[], [], [], []]
  let failure: { readonly error: unknown; readonly at: number } | undefined
  const watch = createRuleWatch({ clock, patterns: { match: async () => [] }, log: (line) => { lines.push(line) }, run: async (camera, { id }) => { ran.push(`${id} ${camera}`); return 'done' } })
  watch.use(rules)
  const reading = (async () => { for await (const some of watch.watch({ after: 0 }, stop.signal)) hits.push(...some) })().catch(() => undefined)
  const boots = {
    list: async (query: BootQuery) => {
      asked.push(query)
      if (failure?.at === asked.length) throw failure.error as Error
      const found = known.filter(({ camera, startMs }) => (query.cameras.length === 0 || query.cameras.includes(camera)) && startMs >= (query.sinceMs ?? 0))
      return { boots: found.slice(0, query.limit), isCut: false, note: '' }
    },
  }
  const watching = watchSlowBoots({ boots, rules: watch, clock, log: (line) => { lines.push(line) } }, stop.signal)
  const end = async (): Promise<void> => { stop.abort(); await watching; await reading; await watch.close() }
  onTestFinished(end)
  return {
    clock, asked, lines, ran, hits, stop: end,
    boot: (camera, login, firmware = 'Linux A') => {
      const number = known.length + 1
      known.unshift(bootSchema.parse({ camera, session: '20261120-080000-00000b', startOffset: number * 1_000, endOffset: number * 1_000 + 900, startMs: clock.wallMs(), endMs: clock.wallMs() + 100, firmware, begins: { uboot: 0, ...(login === undefined ? {} : { login }) }, isLast: true }))
    },
    fail: (error, question = 1) => { failure = { error, at: asked.length + question } },
    use: watch.use,
  }
}
const usual = (made: Bench, camera = gate): void => { for (const login of [10_000, 10_050, 9_950, 10_000, 10_100, 10_000]) made.boot(camera, login) }

test('a boot that takes a third longer is an alarm once, with both times and the other firmware; what had ended before is none', async () => {
  const made = bench()
  usual(made)
  made.boot(gate, 19_000)
  await made.clock.advance(everyMs)
  expect(made.hits).toEqual([])
  made.boot(gate, 10_000)
  await made.clock.advance(everyMs)
  expect(made.hits).toEqual([])
  made.boot(gate, 15_000, 'Linux B')
  made.boot(yard, 60_000)
  await made.clock.advance(everyMs)
  expect(made.hits).toMatchObject([{ cameraId: gate, ruleId: 'slow-boot', rule: 'Slower boot', tone: 'warn', notify: true, line: '15.00 s to the login prompt, usually 10.00 s (8 boots before); it runs another firmware now: Linux B' }])
  expect(made.hits[0]).not.toHaveProperty('position')
  // Not again for the same boot, and not for the next one of the slower firmware.
  made.boot(gate, 15_100, 'Linux B')
  await made.clock.advance(3 * everyMs)
  expect(made.hits).toHaveLength(1)
})
test('a boot that is not at its prompt yet is judged when it is', async () => {
  const made = bench()
  usual(made)
  await made.clock.advance(everyMs)
  made.boot(gate, undefined)
  await made.clock.advance(everyMs)
  expect(made.hits).toEqual([])
  made.boot(gate, 14_000)
  await made.clock.advance(everyMs)
  expect(made.hits.map(({ line }) => line)).toEqual(['14.00 s to the login prompt, usually 10.00 s (6 boots before)'])
})
test('a rule of one\'s own has its own limit, and does what it says; with all of them off nobody is asked', async () => {
  const rule = (id: string, percent: number, on = true): ConsoleRule => ({ id, name: id, on, match: { kind: 'slow-boot', percent }, tone: 'bad', notify: true, run: { what: 'power-cycle', everyMinutes: 60 } })
  const made = bench([rule('tenth', 10), rule('double', 100), rule('off', 5, false)])
  usual(made)
  await made.clock.advance(everyMs)
  made.boot(gate, 12_000)
  await made.clock.advance(everyMs)
  expect(made.hits.map(({ ruleId, line }) => [ruleId, line])).toEqual([['tenth', '12.00 s to the login prompt, usually 10.00 s (6 boots before)'], ['tenth', 'done']])
  expect(made.ran).toEqual([`tenth ${gate}`])
  made.use([rule('tenth', 10, false)])
  const before = made.asked.length
  made.boot(gate, 30_000)
  await made.clock.advance(5 * everyMs)
  expect(made.asked.length).toBe(before)
  // Switched on again: what ended meanwhile is no news.
  made.use([rule('tenth', 10)])
  await made.clock.advance(2 * everyMs)
  expect(made.hits).toHaveLength(2)
})
test('an index that does not answer is written down, and the next look is as good as ever; it ends with its signal', async () => {
  const made = bench()
  usual(made)
  await made.clock.advance(everyMs)
  made.fail(new WorkbenchError('link/timeout', 'The index is slow'))
  await made.clock.advance(everyMs)
  expect(made.lines).toEqual(['times of boots: The index is slow'])
  made.boot(gate, 15_000)
  await made.clock.advance(everyMs)
  expect(made.hits).toHaveLength(1)
  // It fails between two cameras: what was told is not told again, and the other one is.
  usual(made, yard)
  await made.clock.advance(2 * everyMs)
  made.boot(gate, 10_000)
  await made.clock.advance(everyMs)
  made.boot(gate, 15_000)
  made.boot(yard, 16_000)
  made.fail(new WorkbenchError('link/timeout', 'The index is slow'), 3)
  await made.clock.advance(3 * everyMs)
  expect(made.hits.slice(1).map(({ cameraId }) => cameraId)).toEqual([gate, yard])
  await made.stop()
  expect(made.clock.sleepers()).toBe(0)
})
