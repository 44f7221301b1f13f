import { expect, test } from 'vitest'
import { hearRestart } from '../../../src/main/core/workflows/agent/hearRestart.ts'
import { answerCodes } from '../../../src/main/protocols/agent/frame.ts'
import { encodePacket } from '../../../src/main/protocols/agent/writer.ts'
import { createByteQueue } from '../../../src/shared/lifecycle/byteQueue.ts'
import { createVirtualClock } from '../../support/virtualClock.ts'

const never = new AbortController().signal
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)
/** As an agent that waits says it every second. */
const ready = encodePacket(answerCodes.ready, encode('DEFIB'))

async function heard(pieces: readonly Uint8Array[]) {
  const clock = createVirtualClock()
  const line = createByteQueue()
  const answer = hearRestart({ read: async (signal) => line.read(signal) }, clock, never)
  for (const piece of pieces) line.push(piece)
  return clock.run(answer, 60_000)
}

test('the first words of U-Boot, in whatever pieces, are a restart', async () => {
  expect(await heard([ready, encode('\r\n\r\nU-Bo'), encode('ot 2020.01 (May 12 2026)\r\nDRAM:')])).toBe('U-Boot 2020.01 (May 12 2026)')
})
test('so is a boot ROM that asks for a program', async () => {
  expect(await heard([new Uint8Array(12).fill(0x20)])).toBe('')
})
test('an agent that says it is still there has not restarted its camera, however often it says so', async () => {
  await expect(heard(Array.from({ length: 60 }, () => ready))).rejects.toMatchObject({ code: 'device/no-answer', message: expect.stringContaining('nothing was heard of the camera within 30 s') as string })
})
test('nor has one that is silent', async () => {
  await expect(heard([])).rejects.toMatchObject({ code: 'device/no-answer' })
})
