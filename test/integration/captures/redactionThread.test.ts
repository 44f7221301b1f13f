import { expect, onTestFinished, test } from 'vitest'
import { openRedactor } from '../../../src/main/drivers/storage/redaction/openRedactor.ts'
import { redactionSchema } from '../../../src/shared/captures/bundle.schema.ts'
import { never } from '../../support/captureBench.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

const hostile = redactionSchema.parse({ rules: [], words: [], patterns: ['(a+)+$'] })
const line = { text: `${'a'.repeat(60)}b` }

test('a pattern that thinks for years is ended at the limit of its own thread, not before and not by anybody else', async () => {
  const clock = createVirtualClock()
  const redactor = openRedactor(hostile, clock)
  onTestFinished(async () => redactor.close())
  // What it costs to start the thread is not counted.
  await redactor.counts(never)
  let outcome = 'waiting'
  const asked = redactor.lines('s', [line], never).then(() => { outcome = 'answered' }, (error: unknown) => { outcome = 'ended'; throw error })
  const told = expect(asked).rejects.toMatchObject({ code: 'input/too-large', message: expect.stringContaining('nothing was written') as string, hint: expect.stringContaining('repeats inside repeats') as string })
  await clock.advance(14_900)
  expect(outcome).toBe('waiting')
  await clock.advance(200)
  await told
  expect(outcome).toBe('ended')
  // It knew what was secret; another one would not.
  await expect(redactor.value('x', never)).rejects.toMatchObject({ code: 'link/closed' })
})

test('whoever gives up ends the thread at once, and is not told of a slow pattern', async () => {
  const clock = createVirtualClock()
  const redactor = openRedactor(hostile, clock)
  onTestFinished(async () => redactor.close())
  await redactor.counts(never)
  const own = new AbortController()
  const told = expect(redactor.lines('s', [line], own.signal)).rejects.toThrow('enough')
  await clock.advance(1_000)
  own.abort(new Error('enough'))
  await told
})
