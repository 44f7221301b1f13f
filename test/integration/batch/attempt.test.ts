import { expect, test } from 'vitest'
import { createAttemptRunner } from '../../../src/main/core/batch/attempt.ts'
import type { AttemptFacts } from '../../../src/main/core/batch/batchWorker.ts'
import { causeOf } from '../../../src/main/core/batch/causeOf.ts'
import type { ConsoleListener } from '../../../src/main/core/consoles/cameraConsole.ts'
import { batchIdSchema } from '../../../src/shared/batch/batchPlan.schema.ts'
import { toWire, WorkbenchError } from '../../../src/shared/errors/workbenchError.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'
import { planOf, targetsOf } from './batchRig.ts'

const boot = ['System startup\n', 'U-Boot 2016.11 (Mar 20 2023 - 11:44:07 +0000)\n', 'Starting kernel ...\n', 'temp: 61.5 C\n', 'Starting majestic: OK\n', 'openipc-hi3516ev300 login: ']
const unreachable = new WorkbenchError('link/unreachable', 'The camera cannot be asked for a picture: refused')

interface Story { readonly checks: Record<string, unknown>; readonly says?: readonly string[]; readonly before?: string; readonly picture?: Error; readonly echo?: Error }

/** One soak on a camera that says these pieces, a second apart, once its power is back. */
async function soak({ checks, says = boot, before = '', picture, echo }: Story): Promise<{ readonly facts: AttemptFacts; readonly end: AttemptFacts | undefined; readonly cause: string; readonly message: string; readonly tookMs: number }> {
  const clock = createVirtualClock()
  const listeners = new Set<ConsoleListener>()
  let position = 0
  const say = (text: string): void => {
    const bytes = new TextEncoder().encode(text)
    for (const listener of listeners) listener({ position, bytes, skippedBytes: 0 })
    position += bytes.length
  }
  const never = new AbortController().signal
  const run = createAttemptRunner({
    clock, jobs: { get: () => { throw new Error('no jobs here') }, events: () => { throw new Error('no jobs here') }, cancel: () => undefined }, startJob: async () => { throw new Error('no jobs here') },
    consoleOf: () => ({ end: 0, subscribe: (_after, listener) => { listeners.add(listener); return () => { listeners.delete(listener) } } }),
    ping: async () => { if (echo) throw echo },
    takePicture: async () => { if (picture) throw picture },
    powerCycle: async (_camera, signal) => {
      say(before)
      await clock.sleep(2_000, signal)
      void (async () => { for (const piece of says) { await clock.sleep(1_000, never); say(piece) } })()
    },
  })
  let facts: AttemptFacts = {}
  const [target] = targetsOf(1)
  const working = run({ key: { batch: batchIdSchema.parse('b'), item: 0, attempt: 1 }, plan: planOf({ workflow: 'soak', images: [], checks: { bootLimitMs: 60_000, ...checks } }), target: target!, image: undefined, cycle: 1 }, (more) => { facts = { ...facts, ...more } }, never)
  const settled = await clock.run(working.then((end) => ({ end, error: undefined }), (error: unknown) => ({ end: undefined, error })))
  const wire = settled.error === undefined ? undefined : toWire(settled.error)
  expect(listeners.size).toBe(0)
  return { facts, end: settled.end, tookMs: clock.nowMs(), cause: wire ? causeOf(wire, facts.excerpt ?? '').cause : 'passed', message: wire?.message ?? '' }
}

test('a boot that meets every check passes, with its time and its stages', async () => {
  const { cause, end } = await soak({ checks: { expect: ['majestic: OK'], refuse: ['Oops'], temperature: { after: 'temp:', maxC: 80 }, ping: true, snapshot: true } })
  expect(cause).toBe('passed')
  expect(end).toEqual({ bootMs: 6_000, phases: [{ name: 'boot ROM', ms: 1_000 }, { name: 'U-Boot', ms: 1_000 }, { name: 'kernel', ms: 3_000 }] })
})
test.each([
  ['words that are refused', { checks: { refuse: ['majestic'] } }, 'firmware', 'The console said "Starting majestic: OK", which the plan refuses'],
  ['words that never come', { checks: { expect: ['a dhcp lease'] } }, 'firmware', 'The console never said "a dhcp lease", which the plan expects'],
  ['a camera that is too hot', { checks: { temperature: { after: 'temp:', maxC: 60 } } }, 'board', 'It is 61.5 °C, and 60 °C is the limit'],
  ['no temperature at all', { checks: { temperature: { after: 'heat:', maxC: 60 } } }, 'unknown', 'No temperature stood behind "heat:"'],
  ['no picture', { checks: { snapshot: true }, picture: unreachable }, 'network', 'It booted, but gives no picture: The camera cannot be asked for a picture: refused'],
  ['no echo', { checks: { ping: true }, echo: new WorkbenchError('link/unreachable', '192.0.2.7 answers none of 3 pings') }, 'network', 'It booted, but 192.0.2.7 answers none of 3 pings'],
  ['no program that could ping', { checks: { ping: true }, echo: new WorkbenchError('host/io', 'There is no ping on this computer') }, 'infrastructure', 'There is no ping on this computer'],
  ['no login prompt', { checks: {}, says: boot.slice(0, 3) }, 'firmware', 'There was no login prompt within 60000 ms after the power came'],
  ['not a word', { checks: {}, says: [] }, 'unknown', 'There was no login prompt within 60000 ms after the power came'],
  ['a login prompt of the system before', { checks: {}, says: [], before: 'openipc login: ' }, 'firmware', 'There was no login prompt within 60000 ms after the power came'],
] as const)('%s', async (_name, story, cause, message) => {
  expect(await soak(story)).toMatchObject({ cause, message })
})
test('a panic is not waited out', async () => {
  const { cause, tookMs, message } = await soak({ checks: {}, says: [...boot.slice(0, 3), '[    1.6] Kernel panic - not syncing: VFS: no root\n'] })
  expect([cause, message]).toEqual(['firmware', 'The kernel panicked'])
  expect(tookMs).toBeLessThan(10_000)
})
test('words count also after the login prompt, as long as the plan says', async () => {
  const says = [...boot, 'ready at last\n']
  expect((await soak({ checks: { expect: ['ready at last'] }, says })).cause).toBe('firmware')
  expect((await soak({ checks: { expect: ['ready at last'], settleMs: 5_000 }, says })).cause).toBe('passed')
})
