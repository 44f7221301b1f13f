import { describe, expect, test } from 'vitest'
import { type DetectedProtocol, detectProtocol, type DetectOptions } from '../../src/main/core/bootrom/detectProtocol.ts'
import { type BootCamera, type BootCameraOptions, createBootCamera } from '../../src/main/sim/bootrom/bootCamera.ts'
import { cv6xxRom, evFamilyRom, v500Rom } from '../../src/main/sim/bootrom/romOptions.ts'
import { Cancelled } from '../../src/shared/errors/workbenchError.ts'
import { createVirtualClock, type VirtualClock } from '../support/virtualClock.ts'

interface Found { readonly clock: VirtualClock; readonly camera: BootCamera; readonly detecting: Promise<DetectedProtocol> }

function detect(camera: Partial<BootCameraOptions>, more: (made: BootCamera, clock: VirtualClock) => Partial<DetectOptions>, signal = new AbortController().signal): Found {
  const clock = createVirtualClock()
  const made = createBootCamera({ ...evFamilyRom, clock, powered: true, ...camera })
  const detecting = clock.run(detectProtocol({ transport: made.transport, clock, ...more(made, clock) }, signal)).finally(() => { made.powerOff() })
  return { clock, camera: made, detecting }
}
const switched = (made: BootCamera): Partial<DetectOptions> => ({ power: made.onOff })
const byHand = (atMs: number) => (made: BootCamera, clock: VirtualClock): Partial<DetectOptions> => {
  void clock.sleep(atMs, new AbortController().signal).then(() => { made.powerOff() })
  void clock.sleep(atMs + 3000, new AbortController().signal).then(() => { made.powerOn() })
  return {}
}

describe.each([
  ['standard', evFamilyRom, /5 markers/], ['v500', v500Rom, /chip id 72050500/], ['cv6xx', cv6xxRom, /"uart ddr"/],
] as const)('%s', (protocol, rom, evidence) => {
  test('is found with a switch', async () => {
    expect(await detect(rom, switched).detecting).toMatchObject({ protocol, evidence: expect.stringMatching(evidence) as unknown })
  })
  test('is found while a person switches', async () => {
    // A chip that gives up listening after 400 ms needs its own turn; one without a program waits.
    expect(await detect({ ...rom, flash: 'blank' }, byHand(20_000)).detecting).toMatchObject({ protocol })
  })
})

test('the chip id comes along', async () => {
  expect(await detect({ ...v500Rom, quirks: { chipId: 0x72050300, answerInTwo: true } }, switched).detecting).toMatchObject({ chipId: 0x72050300 })
})

describe('nothing', () => {
  test.each([['a dark line', { quirks: { silent: true }, powered: false }, /silent/], ['a running system that echoes', { quirks: { missedStarts: 99 } }, /talks, but not as a boot ROM/]])('%s ends in time and lists what was tried', async (_, camera, hint) => {
    for (const how of [switched, () => ({})]) {
      const { clock, detecting } = detect(camera, how)
      await expect(detecting).rejects.toMatchObject({ code: 'device/no-answer', message: /tried standard, v500, cv6xx/, hint: expect.stringMatching(hint) as unknown })
      expect(clock.nowMs()).toBeGreaterThan(59_000)
      expect(clock.nowMs()).toBeLessThan(61_000)
    }
  })
  test('a shorter budget is kept', async () => {
    const { clock, detecting } = detect({ quirks: { silent: true } }, (made) => ({ power: made.onOff, budgetMs: 15_000 }))
    await expect(detecting).rejects.toMatchObject({ code: 'device/no-answer' })
    expect(clock.nowMs()).toBeLessThan(16_000)
  })
  test('in the shortest of times each family has its turn', async () => {
    const { clock, detecting } = detect({ quirks: { silent: true } }, () => ({ budgetMs: 1_000 }))
    await expect(detecting).rejects.toMatchObject({ code: 'device/no-answer', message: expect.stringMatching(/tried standard, v500, cv6xx/) as unknown })
    expect(clock.nowMs()).toBeLessThan(1_100)
  })
})

test('a cancel ends it, and a cut line as well', async () => {
  const stop = new AbortController()
  const reason = new Cancelled('enough')
  const cancelled = detect({ quirks: { silent: true } }, (made, clock) => {
    void clock.sleep(5000, new AbortController().signal).then(() => { stop.abort(reason) })
    return switched(made)
  }, stop.signal)
  await expect(cancelled.detecting).rejects.toBe(reason)
  const cut = detect({ quirks: { silent: true } }, (made, clock) => {
    void clock.sleep(5000, new AbortController().signal).then(() => { made.cutLine() })
    return switched(made)
  })
  await expect(cut.detecting).rejects.toMatchObject({ code: 'link/closed' })
})
