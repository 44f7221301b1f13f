import { describe, expect, test } from 'vitest'
import type { PowerController } from '../../src/shared/devices/power.ts'
import type { Transport } from '../../src/shared/devices/transport.ts'
import { Cancelled, WorkbenchError } from '../../src/shared/errors/workbenchError.ts'
import { cv6xxRom, type RomQuirks, v500Rom } from '../../src/main/sim/bootrom/romOptions.ts'
import { createBootRig, cv6xxImage, cv6xxSoc, prestep0, profileOf, ubootImage, v500Image, v500Soc } from '../support/bootRig.ts'

const withRun = (lengthBytes: number): Uint8Array => {
  const image = ubootImage()
  image.fill(0xff, 0x4e00, 0x4e00 + lengthBytes)
  image.fill(0xff, 30_000, 30_000 + lengthBytes)
  return image
}

describe('what the line or the chip does wrong is survived', () => {
  test.each<readonly [string, RomQuirks]>([
    ['every 7th acknowledgement is lost', { loseEveryAck: 7 }],
    ['every 9th frame is lost', { loseEveryFrame: 9 }],
    ['every 5th acknowledgement is late, so that both copies are answered', { lateEvery: 5, lateMs: 260 }],
    ['lost frames and late acknowledgements together', { lateEvery: 6, lateMs: 260, loseEveryFrame: 11 }],
    ['sixteen wrong bytes come before each acknowledgement', { noise: new Uint8Array(16).fill(0x41) }],
    ['blanks and zeros come before each acknowledgement', { noise: Uint8Array.of(0x20, 0x20, 0x20, 0, 0x20) }],
    ['FE comes instead of the first three acknowledgements', { feAnswers: 3 }],
    ['the first answer takes 100 ms', { firstAnswerMs: 100 }],
    ['no step acknowledges its TAIL', { silentTails: ['step'] }],
    ['the payload does not acknowledge its TAIL', { silentTails: ['payload'] }],
    ['it asks again after each step', { asksAgain: true }],
    ['it listens for 60 ms only', { windowMs: 60 }],
  ])('%s', async (_, quirks) => {
    const rig = createBootRig({ quirks })
    const load = await rig.load()
    expect(load.attempts).toBe(1)
    expect(rig.camera.where).toBe('loaded')
    expect(Buffer.compare(rig.camera.uploads.at(-1)!.bytes, ubootImage())).toBe(0)
  })
  test.each([
    ['V500', { ...v500Rom, quirks: { noise: Uint8Array.of(0x41, 0x20) } }, { soc: v500Soc, image: v500Image() }],
    ['CV6xx', { ...cv6xxRom, quirks: { noise: Uint8Array.of(0x41, 0x20) } }, { soc: cv6xxSoc, image: cv6xxImage() }],
  ])('%s: other bytes before each acknowledgement', async (_, rom, load) => {
    const rig = createBootRig(rom, { ...load, profile: undefined })
    await rig.load()
    expect(rig.camera.where).toBe('loaded')
  })
  test('twelve ff in a row hang the cv500 family, so they never arrive; eleven do', async () => {
    const rig = createBootRig({ quirks: { hangsOnFfRun: true } })
    await rig.load({ image: withRun(40) })
    expect(rig.camera.uploads[1]!.bytes.subarray(0x4e00, 0x4e00 + 40).every((byte) => byte === 0)).toBe(true)
    const again = createBootRig({ quirks: { hangsOnFfRun: true } })
    await again.load({ image: withRun(11) })
    expect(again.camera.uploads[2]!.bytes[30_000]).toBe(0xff)
  })
  test('bytes of an earlier life wait at the bridge: acknowledgements and markers', async () => {
    const rig = createBootRig({ staleBytes: Uint8Array.from({ length: 4096 }, (_, index) => (index % 3 === 0 ? 0xaa : 0x20)) })
    expect(await rig.load()).toMatchObject({ attempts: 1 })
  })
  test('a write that times out once is a lost frame', async () => {
    const rig = createBootRig()
    let frames = 0
    const transport: Transport = { ...rig.camera.transport, write: async (bytes, signal) => {
      if (bytes[0] === 0xfe && (frames += 1) === 2) throw new WorkbenchError('link/timeout', 'the driver waited')
      return rig.camera.transport.write(bytes, signal)
    } }
    expect(await rig.load({ transport })).toMatchObject({ attempts: 1 })
  })
  test('a far end that never reads again ends the load soon', async () => {
    const rig = createBootRig()
    const transport: Transport = { ...rig.camera.transport, write: async (bytes, signal) => {
      if (bytes[0] === 0xfe) throw new WorkbenchError('link/timeout', 'the driver waited')
      return rig.camera.transport.write(bytes, signal)
    } }
    await expect(rig.load({ transport })).rejects.toMatchObject({ code: 'link/timeout' })
  })
})

describe('the TAIL of the SPL', () => {
  test('may stay unanswered with PRESTEP0', async () => {
    const rig = createBootRig({ quirks: { wantsBlast: true, silentTails: ['step', 'spl', 'payload'] } })
    await rig.load({ profile: profileOf({ PRESTEP0: prestep0 }) })
    expect(rig.camera.where).toBe('loaded')
  })
  test('may not without', async () => {
    const rig = createBootRig({ quirks: { silentTails: ['spl'] } })
    await expect(rig.load()).rejects.toMatchObject({ code: 'pod/boot-failed', message: /SPL TAIL/, context: { stage: 'spl', attempts: 16 } })
  })
})

test('an SPL larger than the SRAM is named, not retried', async () => {
  const rig = createBootRig({ layout: { stepAddress: 0x04013000, splAddress: 0x04010500, payloadAddress: 0x41000000, sramBytes: 0x3b00 } })
  await expect(rig.load()).rejects.toMatchObject({ code: 'pod/boot-failed', message: /^SPL larger than SRAM: .* SPL DATA 15 of 20/, context: { stage: 'spl' }, hint: /SRAMLIMIT/ })
  expect(rig.camera.starts).toBe(1)
  const capped = createBootRig({ layout: { stepAddress: 0x04013000, splAddress: 0x04010500, payloadAddress: 0x41000000, sramBytes: 0x3b00 } })
  await capped.load({ profile: profileOf({ SRAMLIMIT: 0x3b00 }) })
  expect(capped.camera.uploads[1]!.bytes).toHaveLength(0x3b00)
})

describe('55 instead of AA', () => {
  test('is an answer where the driver is known for it, and it comes alone', async () => {
    const rig = createBootRig({ quirks: { ackByte: 0x55 } })
    await rig.load({ fixLone55: true })
    expect(rig.camera.where).toBe('loaded')
  })
  test('is none elsewhere', async () => {
    const rig = createBootRig({ quirks: { ackByte: 0x55 } })
    await expect(rig.load()).rejects.toMatchObject({ message: /DDRSTEP0 HEAD/ })
  })
  test('is none in company', async () => {
    const rig = createBootRig({ quirks: { ackByte: 0x55, noise: Uint8Array.of(0x41) } })
    await expect(rig.load({ fixLone55: true })).rejects.toMatchObject({ message: /DDRSTEP0 HEAD/ })
  })
  test('stays a rejection for V500', async () => {
    const rig = createBootRig({ ...v500Rom, quirks: { ackByte: 0x55 } }, { soc: v500Soc, image: v500Image(), profile: undefined })
    await expect(rig.load({ fixLone55: true })).rejects.toMatchObject({ message: /rejected/ })
  })
})

describe('nobody there', () => {
  test('ends 30 s after each of two power-ons', async () => {
    const rig = createBootRig({ quirks: { silent: true } })
    await expect(rig.load()).rejects.toMatchObject({ code: 'device/no-answer', hint: /silent/, context: { stage: 'handshake', receivedBytes: 0 } })
    expect(rig.camera.starts).toBe(2)
    expect(rig.clock.nowMs()).toBeGreaterThan(2 * 33_000)
    expect(rig.clock.nowMs()).toBeLessThan(2 * 33_500)
  })
  test.each([[v500Rom, v500Soc, v500Image()], [cv6xxRom, cv6xxSoc, cv6xxImage()]])('ends so for %o too', async (rom, soc, image) => {
    const rig = createBootRig({ ...rom, quirks: { silent: true } }, { soc, image, profile: undefined })
    await expect(rig.load()).rejects.toMatchObject({ code: 'device/no-answer' })
    expect(rig.clock.nowMs()).toBeLessThan(2 * 33_500)
  })
  test('without a switch only the signal ends it', async () => {
    const rig = createBootRig({ quirks: { silent: true } })
    const stop = new AbortController()
    const reason = new Cancelled('the person went away')
    void rig.clock.sleep(600_000, stop.signal).then(() => { stop.abort(reason) })
    await expect(rig.load({ power: undefined, mode: 'quiet' }, stop.signal)).rejects.toBe(reason)
    expect(rig.clock.nowMs()).toBe(600_000)
    expect(rig.camera.heardBytes).toBe(0)
  })
  test('a healthy camera that booted normally and echoes every AA is not taken for a boot ROM', async () => {
    const rig = createBootRig({ quirks: { missedStarts: 99 } })
    await expect(rig.load({ profile: profileOf({ PRESTEP0: prestep0 }) })).rejects.toMatchObject({
      code: 'device/no-answer', hint: /started what is in its flash/, context: { consoleTail: expect.stringContaining('autoboot') as unknown },
    })
    expect(rig.camera.where).toBe('off')
  })
})

describe('attempts', () => {
  test('a missed boot ROM is tried once more with a new power cycle', async () => {
    const rig = createBootRig({ quirks: { missedStarts: 1 } })
    expect(await rig.load()).toMatchObject({ attempts: 2 })
    expect(rig.camera.starts).toBe(2)
    expect(rig.told.some(({ message }) => message.includes('Trying once more'))).toBe(true)
  })
  test('a chip that hangs in its DDR step is not tried again', async () => {
    const rig = createBootRig({ quirks: { hangs: { in: 'step', starts: 1 } } })
    // The TAIL of a step may stay unanswered, so the failure shows at the SPL, when the memory counts as set up.
    await expect(rig.load()).rejects.toMatchObject({ message: /SPL HEAD/, hint: /another profile/ })
    expect(rig.camera.starts).toBe(1)
  })
  test('a failure before the memory is set up is tried once more', async () => {
    const rig = createBootRig({ quirks: { loseEveryFrame: 1 } })
    await expect(rig.load()).rejects.toMatchObject({ message: /DDRSTEP0 HEAD/, context: { stage: 'ddr_init', attempts: 16 } })
    expect(rig.camera.starts).toBe(2)
  })
  test('a failure after it is final', async () => {
    const rig = createBootRig({ quirks: { hangs: { in: 'spl', starts: 1 } } })
    await expect(rig.load()).rejects.toMatchObject({ code: 'pod/boot-failed', context: { stage: 'spl' } })
    expect(rig.camera.starts).toBe(1)
  })
  test('a chip without a program, which sends markers for ever, is not caught before its power is cut', async () => {
    for (const rom of [{}, v500Rom, cv6xxRom]) {
      const files = rom === v500Rom ? { soc: v500Soc, image: v500Image(), profile: undefined } : rom === cv6xxRom ? { soc: cv6xxSoc, image: cv6xxImage(), profile: undefined } : {}
      const rig = createBootRig({ ...rom, flash: 'blank' }, files)
      rig.camera.powerOn()
      expect(await rig.load({ power: rig.camera.cycleOnly })).toMatchObject({ attempts: 1 })
      expect(rig.camera.starts).toBe(2)
    }
  })
  test('a switch whose pulse is shorter than a second works as well', async () => {
    const rig = createBootRig({ powered: true })
    const power: PowerController = { ability: 'cycle-only', label: 'pulse', fixedOffMs: 250, cycle: async (_, signal) => rig.camera.onOff.cycle(250, signal) }
    expect(await rig.load({ power })).toMatchObject({ attempts: 1 })
  })
  test('without a switch there is one', async () => {
    const rig = createBootRig({ quirks: { missedStarts: 1 }, flash: 'blank' })
    rig.camera.powerOn()
    await expect(rig.load({ power: undefined, limits: { handshakeMs: 10_000 } })).rejects.toMatchObject({ code: 'device/no-answer' })
    expect(rig.camera.starts).toBe(1)
  })
  test('a switch that fails ends it at once, under its own code', async () => {
    const rig = createBootRig()
    const power: PowerController = { ability: 'cycle-only', label: 'broken switch', cycle: async () => { throw new WorkbenchError('pod/refused', 'HTTP 500', { hint: 'Look at the switch' }) } }
    await expect(rig.load({ power })).rejects.toMatchObject({ code: 'pod/refused', message: 'The power cycle failed: HTTP 500', hint: 'Look at the switch', context: { stage: 'power_cycle' } })
    expect(rig.clock.nowMs()).toBeLessThan(1000)
  })
  test('a switch that never ends is given up', async () => {
    const rig = createBootRig()
    const power: PowerController = { ability: 'cycle-only', label: 'slow switch', cycle: async () => new Promise(() => undefined) }
    await expect(rig.load({ power })).rejects.toMatchObject({ code: 'link/timeout', context: { stage: 'power_cycle' } })
  })
  test('a switch that complains after the boot ROM answered is told and not believed', async () => {
    const rig = createBootRig()
    const power: PowerController = { ...rig.camera.onOff, cycle: async (offMs, signal) => {
      await rig.camera.onOff.cycle(offMs, signal)
      await rig.clock.sleep(1000, signal)
      throw new WorkbenchError('pod/wrong-power-state', 'reads as off')
    } }
    expect(await rig.load({ power })).toMatchObject({ attempts: 1, warnings: [expect.stringContaining('reads as off')] })
  })
})

describe('the line', () => {
  const cutAt = async (stage: string): Promise<{ readonly ms: number; readonly error: unknown }> => {
    const rig = createBootRig()
    let cutMs = 0
    const tell = (progress: { readonly stage: string; readonly sentBytes: number }): void => {
      if (progress.stage === stage && progress.sentBytes > 8000 && cutMs === 0) { cutMs = rig.clock.nowMs(); rig.camera.cutLine() }
    }
    const error: unknown = await rig.load({ tell }).catch((reason: unknown) => reason)
    return { ms: rig.clock.nowMs() - cutMs, error }
  }
  test.each(['spl', 'uboot'])('that is cut in the middle of %s ends the load at once', async (stage) => {
    const { ms, error } = await cutAt(stage)
    expect(error).toMatchObject({ code: 'link/closed' })
    expect(ms).toBeLessThan(150)
  })
  test('whose far end hung up ends the load at once, though writing still seems to work', async () => {
    const rig = createBootRig()
    let cutMs = 0
    const tell = (progress: { readonly stage: string; readonly sentBytes: number }): void => {
      if (progress.stage === 'uboot' && progress.sentBytes > 8000 && cutMs === 0) { cutMs = rig.clock.nowMs(); rig.camera.cutLine() }
    }
    const transport: Transport = { ...rig.camera.transport, write: async (bytes, signal) => rig.camera.transport.write(bytes, signal).catch(() => undefined) }
    await expect(rig.load({ tell, transport })).rejects.toMatchObject({ code: 'link/closed' })
    expect(rig.clock.nowMs() - cutMs).toBeLessThan(150)
  })
  test('that is closed while power is off gives the power back first', async () => {
    const rig = createBootRig()
    const stop = new AbortController()
    void rig.clock.sleep(1500, stop.signal).then(() => { rig.camera.cutLine() })
    let powerThen: string | undefined
    const power: PowerController = { ...rig.camera.onOff, cycle: async (offMs, signal) => {
      try { await rig.camera.onOff.cycle(offMs, signal) } finally { powerThen = rig.camera.power }
    } }
    await expect(rig.load({ power })).rejects.toMatchObject({ code: 'link/closed' })
    expect(powerThen).toBe('on')
  })
})

describe('a cancel', () => {
  test.each(['handshake', 'ddr_init', 'spl', 'uboot'])('during %s ends it with its reason at once', async (stage) => {
    const rig = createBootRig()
    const stop = new AbortController()
    const reason = new Cancelled('enough')
    let atMs = 0
    const tell = (progress: { readonly stage: string }): void => {
      if (progress.stage === stage && !stop.signal.aborted) { atMs = rig.clock.nowMs(); stop.abort(reason) }
    }
    await expect(rig.load({ tell }, stop.signal)).rejects.toBe(reason)
    expect(rig.clock.nowMs() - atMs).toBeLessThan(10)
    expect(rig.clock.sleepers()).toBe(0)
  })
  test('while power is off gives it back first', async () => {
    const rig = createBootRig({ powered: true })
    const stop = new AbortController()
    let powerThen: string | undefined
    const power: PowerController = { ...rig.camera.onOff, cycle: async (offMs, signal) => {
      const cycling = rig.camera.onOff.cycle(offMs, signal)
      stop.abort(new Cancelled('enough'))
      try { await cycling } finally { await rig.clock.sleep(500, new AbortController().signal); powerThen = rig.camera.power }
    } }
    await expect(rig.load({ power }, stop.signal)).rejects.toBeInstanceOf(Cancelled)
    expect(powerThen).toBe('on')
  })
})

describe('a person at the plug', () => {
  const person = (rig: ReturnType<typeof createBootRig>, afterMs: number): { readonly power: PowerController; readonly taken: () => boolean } => {
    let taken = false
    return { taken: () => taken, power: { ability: 'manual', label: 'by hand', cycle: async (_, signal) => {
      void rig.clock.sleep(afterMs, signal).then(() => { rig.camera.powerOff() }, () => undefined)
      void rig.clock.sleep(afterMs + 4000, signal).then(() => { rig.camera.powerOn() }, () => undefined)
      await new Promise((_resolve, reject) => { signal.addEventListener('abort', () => { taken = true; reject(signal.reason as Error) }) })
    } } }
  }
  test('is not needed any more once the boot ROM answered: the question goes away', async () => {
    const rig = createBootRig({ powered: true })
    const { power, taken } = person(rig, 60_000)
    expect(await rig.load({ power, mode: 'quiet' })).toMatchObject({ attempts: 1 })
    expect(taken()).toBe(true)
    expect(rig.camera.where).toBe('loaded')
  })
  test('a running system hears nothing until it has spoken and fallen silent', async () => {
    const rig = createBootRig({ powered: true })
    const { power } = person(rig, 10_000)
    let heardAtCaught = -1
    await rig.load({ power, mode: 'quiet', tell: ({ stage }) => { if (stage === 'ddr_init' && heardAtCaught < 0) heardAtCaught = rig.camera.heardBytes } })
    // The one acknowledgement after five markers.
    expect(heardAtCaught).toBe(1)
  })
})
