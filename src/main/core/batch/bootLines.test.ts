import { expect, test } from 'vitest'
import { batchPlanSchema } from '../../../shared/batch/batchPlan.schema.ts'
import { maxExcerptChars } from '../../../shared/batch/batchEvent.ts'
import { createVirtualClock } from '../../../../test/support/virtualClock.ts'
import type { ConsoleListener } from '../consoles/cameraConsole.ts'
import { listenToBoot } from './bootLines.ts'

const { checks } = batchPlanSchema.parse({ name: 'n', cameras: { ids: ['a'] }, workflow: 'soak' })
function listening(): { readonly say: (text: string) => void; readonly excerpt: () => string } {
  let heard: ConsoleListener | undefined
  const boot = listenToBoot({ end: 0, subscribe: (_from, listener) => { heard = listener; return () => undefined } }, checks, createVirtualClock())
  return { say: (text) => { heard?.({ bytes: new TextEncoder().encode(text), position: 0, skippedBytes: 0 }) }, excerpt: boot.excerpt }
}

test('an excerpt has no password in it that the camera told', () => {
  const { say, excerpt } = listening()
  say('U-Boot 2016.11\r\nwlanpass=hunter2hunter2\r\nethaddr=02:00:00:00:00:01\r\n')
  say('Kernel panic - not syncing\r\n')
  expect(excerpt()).not.toContain('hunter2')
  expect(excerpt()).toContain('U-Boot 2016.11')
  expect(excerpt()).toContain('Kernel panic - not syncing')
})
test('nor the end of one whose name was cut off', () => {
  const { say, excerpt } = listening()
  const line = 'wlanpass=hunter2hunter2\n'
  say(`${line}${'x'.repeat(maxExcerptChars - 12)}\n`)
  expect(excerpt()).not.toContain('hunter2')
  expect(excerpt().length).toBeLessThanOrEqual(maxExcerptChars)
})
