import fc from 'fast-check'
import { expect, onTestFinished, test } from 'vitest'
import { createRuleWatch, type RuleWatch } from '../../../src/main/core/consoles/ruleWatch.ts'
import type { Patterns } from '../../../src/shared/consoles/patterns.ts'
import { createSystemClock } from '../../../src/main/drivers/host/systemClock.ts'
import { createPatternThread } from '../../../src/main/drivers/patterns/patternThread.ts'
import { type ConsoleRule, type RuleHit, usualTools } from '../../../src/shared/consoles/consoleTools.schema.ts'
import type { CameraId } from '../../../src/shared/devices/ids.ts'
import { WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { createVirtualClock, type VirtualClock } from '../../support/virtualClock.ts'

const gate = 'cam-1' as CameraId
const yard = 'cam-2' as CameraId
const noPatterns: Patterns = { match: async () => [] }
const rule = (more: Partial<ConsoleRule>): ConsoleRule => ({ id: 'mine', name: 'Mine', on: true, match: { kind: 'words', any: ['boom'] }, tone: 'warn', notify: true, ...more })

interface Bench {
  readonly clock: VirtualClock
  readonly watch: RuleWatch
  readonly ran: string[]
  readonly lines: string[]
  say(text: string, camera?: CameraId): void
  hits(camera?: CameraId): Promise<RuleHit[]>
}
function bench(rules: readonly ConsoleRule[], outcome: () => Promise<string> = async () => 'done'): Bench {
  const clock = createVirtualClock()
  const ran: string[] = []
  const lines: string[] = []
  const at = new Map<CameraId, number>()
  const watch = createRuleWatch({ clock, patterns: noPatterns, log: (line) => { lines.push(line) }, run: async (camera, { id }) => { ran.push(`${id} ${camera}`); return outcome() } })
  watch.use(rules)
  onTestFinished(async () => watch.close())
  return {
    clock, watch, ran, lines,
    say: (text, camera = gate) => {
      const bytes = new TextEncoder().encode(text)
      watch.received(camera, bytes, at.get(camera) ?? 0)
      at.set(camera, (at.get(camera) ?? 0) + bytes.length)
    },
    hits: async (cameraId) => {
      const stop = new AbortController()
      const found = watch.watch({ cameraId, after: 0 }, stop.signal)
      const { value } = await Promise.race([found.next(), clock.advance(0).then(() => ({ value: undefined }))])
      stop.abort()
      return value ?? []
    },
  }
}

test.each([
  ['[    4.2] Kernel panic - not syncing: VFS: Unable to mount root fs', 'Kernel panic'], ['Internal error: Oops: 17 [#1] PREEMPT', 'Oops or BUG'],
  ['ubi0 error: ubi_io_read: error -74 (ECC error) while reading 2048 bytes', 'ECC uncorrectable'], ['Reset cause: watchdog reset', 'Watchdog'],
])('the usual rules notice "%s"', async (line, name) => {
  const { say, hits, watch } = bench(usualTools.rules)
  say(`before\r\n${line.slice(0, 9)}`)
  // Cut anywhere: only whole lines count, and they count once.
  say(`${line.slice(9)}\r\nafter\r\n`)
  expect((await hits()).map((hit) => [hit.rule, hit.line, hit.position, hit.cameraId])).toEqual([[name, line, 8, gate]])
  expect(watch.alarms(gate)).toMatchObject({ count: 1, words: `${name}: ${line}` })
  expect(watch.alarms(yard)).toBeUndefined()
  watch.clearAlarms(gate)
  expect(watch.alarms(gate)).toBeUndefined()
})
test('a login prompt, a start and the words of a healthy boot are no alarm', async () => {
  const { say, hits } = bench(usualTools.rules)
  say('U-Boot 2016.11 (May 12 2026)\r\nStarting kernel ...\r\n[ 0.1] NAND: 128 MiB, ECC strength 8\r\n[ 2.0] hi_wdt: watchdog started\r\nopenipc login: root\r\n')
  expect(await hits()).toEqual([])
})
test('three starts without a login are a loop; with one in between, or over a long time, they are not', async () => {
  const { say, hits, clock } = bench(usualTools.rules)
  const start = 'U-Boot 2016.11\r\n'
  say(start + start)
  say('openipc login: \r\n' + start)
  say(start, yard)
  await clock.advance(181_000)
  say(start)
  say(start + start, yard)
  expect(await hits()).toEqual([])
  say(start)
  say(start)
  expect((await hits()).map((hit) => [hit.rule, hit.cameraId])).toEqual([['Boot loop', gate]])
})
test('a rule that runs something does so once in its time for each camera, and says what came of it', async () => {
  const { say, hits, ran, clock } = bench([rule({ run: { what: 'power-cycle', everyMinutes: 10 } })], async () => { throw new WorkbenchError('pod/busy', 'cam-1 is in use by Restore') })
  say('boom\r\nboom\r\n')
  say('boom\r\n', yard)
  await clock.advance(599_000)
  say('boom\r\n')
  expect(ran).toEqual(['mine cam-1', 'mine cam-2'])
  await clock.advance(2_000)
  say('boom\r\n')
  await clock.advance(0)
  expect(ran).toEqual(['mine cam-1', 'mine cam-2', 'mine cam-1'])
  expect((await hits(gate)).map(({ line }) => line)).toContain('not run: cam-1 is in use by Restore')
})
test('what is off looks at nothing, and what runs nothing runs nothing', async () => {
  const { say, hits, ran } = bench([rule({ on: false, run: { what: 'power-cycle', everyMinutes: 1 } }), rule({ id: 'other', notify: false })])
  say('BOOM\n')
  expect((await hits()).map(({ ruleId }) => ruleId)).toEqual(['other'])
  expect(ran).toEqual([])
})
test('a flood stays bounded, and so does a line without an end', async () => {
  const { say, hits, watch } = bench([rule({})])
  for (let turn = 0; turn < 300; turn += 1) say('boom\n'.repeat(10))
  expect((await hits()).length).toBeLessThanOrEqual(2_000)
  expect(watch.alarms(gate)).toMatchObject({ count: 3_000, kinds: 1 })
  say('x'.repeat(100_000), yard)
  say('boom\n', yard)
  expect((await hits(yard)).length).toBe(1)
})

test('a pattern that thinks for years is stopped and named; the others and the words go on', async () => {
  const clock = createSystemClock()
  const patterns = createPatternThread({ clock, limitMs: 400 })
  const lines: string[] = []
  const watch = createRuleWatch({ clock, patterns, log: (line) => { lines.push(line) }, run: async () => '' })
  onTestFinished(async () => { await watch.close(); await patterns.close() })
  watch.use([
    rule({ id: 'good', name: 'Good', match: { kind: 'pattern', source: '^serial (\\d+)$', ignoreCase: true } }),
    rule({ id: 'bad', name: 'Bad', match: { kind: 'pattern', source: '^(a+)+$', ignoreCase: false } }),
    rule({ id: 'words', name: 'Words', match: { kind: 'words', any: ['aaaa'] } }),
  ])
  watch.received(gate, new TextEncoder().encode(`${'a'.repeat(4_000)}!\nSerial 17\n`), 0)
  expect(watch.alarms(gate)).toMatchObject({ count: 1, kinds: 1 })
  const seen: string[] = []
  await expect.poll(() => watch.notes(), { timeout: 20_000 }).toEqual([expect.stringContaining('The rule "Bad" is stopped')])
  for await (const hits of watch.watch({ cameraId: gate, after: 0 }, AbortSignal.timeout(20_000))) {
    seen.push(...hits.map(({ ruleId }) => ruleId))
    if (seen.includes('good')) break
  }
  expect(seen).toEqual(['words', 'good'])
  // Changed, it is tried again.
  watch.use([rule({ id: 'bad', name: 'Bad', match: { kind: 'pattern', source: '^b+$', ignoreCase: false } })])
  expect(watch.notes()).toEqual([])
  watch.received(gate, new TextEncoder().encode('bbb\n'), 4_020)
  await expect.poll(() => watch.alarms(gate)?.words, { timeout: 20_000 }).toBe('Bad: bbb')
})

test('a piece that is looked at as a whole meets the rules that its lines meet', async () => {
  const snippets = ['bo', 'om', 'boom', 'BOOM', 'Oops: ', 'Kernel panic', ' - not syncing', '\r\n', '\n', 'U-Boot 20', 'login:', '\u001b[1m', 'ö', 'ß(*) ', '\t', 'quiet text', ' '.repeat(200)]
  const odd = rule({ id: 'odd', match: { kind: 'words', any: ['ß(*)', ' b', 'T*('] } })
  await fc.assert(fc.asyncProperty(fc.array(fc.array(fc.constantFrom(...snippets), { maxLength: 6 }).map((parts) => new TextEncoder().encode(parts.join(''))), { maxLength: 10 }), fc.array(fc.nat(12), { maxLength: 10 }), async (texts, cuts) => {
    const { watch, hits } = bench([...usualTools.rules, rule({}), odd])
    let position = 0
    for (const [index, text] of texts.entries()) {
      for (const piece of [text.subarray(0, cuts[index] ?? 0), text.subarray(cuts[index] ?? 0)]) {
        watch.received(gate, piece, position)
        watch.received(yard, piece, position, '')
        position += piece.length
      }
      // In the middle of a line as well.
      if (index === 5) watch.use([...usualTools.rules, rule({ match: { kind: 'words', any: ['quiet text bo', 'boom'] } }), odd])
    }
    const told = async (camera: CameraId): Promise<unknown[]> => (await hits(camera)).map(({ ruleId, line, position: at, atMs }) => ({ ruleId, line, at, atMs }))
    expect(await told(gate)).toEqual(await told(yard))
    await watch.close()
  }), { numRuns: 200 })
})

test('a piece that is looked at as a whole meets a word in two pieces, and one in a line that stays open', async () => {
  const { say, hits } = bench([rule({})])
  for (const piece of ['all is quiet, bo', 'om\r\n', `fine\r\nboom${' '.repeat(200)}`, '\r\n', 'quiet again\r\n']) say(piece)
  expect((await hits()).map(({ line }) => line)).toEqual(['all is quiet, boom', 'boom'])
})
