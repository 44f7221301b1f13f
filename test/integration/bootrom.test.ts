import { describe, expect, test } from 'vitest'
import type { RomUpload } from '../../src/main/sim/bootrom/romOptions.ts'
import { cv6xxRom, v500Rom } from '../../src/main/sim/bootrom/romOptions.ts'
import { createBootRig, cv6xxImage, cv6xxSoc, evSoc, prestep0, prestep1, profileOf, ubootImage, v500Image, v500Soc } from '../support/bootRig.ts'

const summary = (uploads: readonly RomUpload[]): string[] => uploads.map(({ address, bytes }) => `${address.toString(16)}+${bytes.length}`)
const same = (upload: RomUpload | undefined, bytes: Uint8Array): boolean => upload !== undefined && Buffer.compare(upload.bytes, bytes) === 0

describe('a Standard chip', () => {
  test('takes DDR step, SPL and U-Boot, byte by byte', async () => {
    const rig = createBootRig()
    const load = await rig.load()
    expect(load).toMatchObject({ protocol: 'standard', attempts: 1, warnings: [], stages: ['power_cycle', 'handshake', 'ddr_init', 'spl', 'uboot', 'complete'] })
    expect(load.handshakeMarkers).toBeGreaterThanOrEqual(5)
    expect(summary(rig.camera.uploads)).toEqual(['4013000+64', '4010500+20480', '41000000+40000'])
    expect(same(rig.camera.uploads[0], profileOf().DDRSTEP0)).toBe(true)
    expect(same(rig.camera.uploads[1], ubootImage().subarray(0, 0x5000))).toBe(true)
    expect(same(rig.camera.uploads[2], ubootImage())).toBe(true)
    expect(rig.camera.where).toBe('loaded')
    expect(rig.told.filter(({ stage }) => stage === 'uboot').at(-1)).toMatchObject({ sentBytes: 40_000, totalBytes: 40_000 })
  })
  test('with PRESTEP0 is woken by AA and HEAD before the steps and after the SPL', async () => {
    const rig = createBootRig({ quirks: { wantsBlast: true } })
    await rig.load({ profile: profileOf({ PRESTEP0: prestep0 }) })
    expect(summary(rig.camera.uploads)).toEqual(['4013000+64', '4013000+64', '4010500+20480', '41000000+40000'])
    expect(same(rig.camera.uploads[0], prestep0)).toBe(true)
  })
  test('with PRESTEP0 and PRESTEP1 gets all three steps in order', async () => {
    const rig = createBootRig({ quirks: { wantsBlast: true, firstAnswerMs: 100 } })
    await rig.load({ profile: profileOf({ PRESTEP0: prestep0, PRESTEP1: prestep1 }) })
    expect(summary(rig.camera.uploads).slice(0, 3)).toEqual(['4013000+64', '4013000+64', '4013000+128'])
    expect(same(rig.camera.uploads[2], prestep1)).toBe(true)
  })
  test('gets steps of 72 bytes announced as 72', async () => {
    const rig = createBootRig({ quirks: { wantsBlast: true } })
    const step = new Uint8Array(72).fill(9)
    await rig.load({ profile: profileOf({ PRESTEP0: step, DDRSTEP0: step }) })
    expect(summary(rig.camera.uploads).slice(0, 2)).toEqual(['4013000+72', '4013000+72'])
  })
  test('gets another payload, and the SPL from the U-Boot all the same', async () => {
    const rig = createBootRig()
    const payload = new Uint8Array(17_104).fill(0x42)
    await rig.load({ payload })
    expect(summary(rig.camera.uploads)).toEqual(['4013000+64', '4010500+20480', '41000000+17104'])
    expect(same(rig.camera.uploads[2], payload)).toBe(true)
  })
  test('gets a ready SPL where one is given', async () => {
    const rig = createBootRig()
    await rig.load({ spl: new Uint8Array(20_480).fill(7) })
    expect(same(rig.camera.uploads[1], new Uint8Array(20_480).fill(7))).toBe(true)
  })
  test('gets the SPL padded when the image is shorter than the profile says', async () => {
    const rig = createBootRig()
    await rig.load({ image: new Uint8Array(5000).fill(3) })
    expect(summary(rig.camera.uploads)).toEqual(['4013000+64', '4010500+24576', '41000000+5000'])
  })
  test('that asks again after each step is answered', async () => {
    const rig = createBootRig({ quirks: { asksAgain: true } })
    await rig.load()
    expect(rig.camera.where).toBe('loaded')
  })
  test('over a bridge with 25 ms each way loads as well', async () => {
    const rig = createBootRig({ latencyMs: 25 })
    await rig.load()
    expect(rig.camera.where).toBe('loaded')
  })
  test('on a switch that only knows one command loads as well', async () => {
    const rig = createBootRig({ powered: true })
    await rig.load({ power: rig.camera.cycleOnly })
    expect(rig.camera).toMatchObject({ where: 'loaded', starts: 1 })
  })
  test('hands over what U-Boot said meanwhile', async () => {
    const rig = createBootRig({ quirks: { silentTails: ['payload'] } })
    const load = await rig.load()
    expect(new TextDecoder().decode(load.received)).toContain('U-Boot 2016.11')
  })
})

describe('a V500 chip', () => {
  const v500 = { soc: v500Soc, profile: undefined, image: v500Image() }
  test('takes head, aux and boot image', async () => {
    const rig = createBootRig(v500Rom, v500)
    const load = await rig.load()
    expect(load).toMatchObject({ protocol: 'v500', chipId: 0x72050500, stages: ['power_cycle', 'handshake', 'head_area', 'aux_area', 'boot_image', 'complete'] })
    expect(summary(rig.camera.uploads)).toEqual(['0+8192', '2000+3000', '41000000+24000'])
    expect(same(rig.camera.uploads[1], v500Image().subarray(8192, 11_192))).toBe(true)
  })
  test('that answers in two pieces is understood', async () => {
    const rig = createBootRig({ ...v500Rom, quirks: { answerInTwo: true } }, v500)
    expect(await rig.load()).toMatchObject({ chipId: 0x72050500 })
  })
  test('that rejects each frame twice gets it again', async () => {
    const rig = createBootRig({ ...v500Rom, quirks: { rejections: 2 } }, v500)
    await rig.load()
    expect(rig.camera.where).toBe('loaded')
  })
  test('that rejects a frame for ever ends after ten times', async () => {
    const rig = createBootRig({ ...v500Rom, quirks: { rejections: 1000 } }, v500)
    await expect(rig.load()).rejects.toMatchObject({ code: 'pod/boot-failed', message: /head area HEAD.*rejected 11 times/, context: { stage: 'head_area' } })
  })
  test('that falls silent in the middle ends after 4 s', async () => {
    const rig = createBootRig({ ...v500Rom, quirks: { loseEveryAck: 20 } }, v500)
    let lastSentMs = 0
    const tell = ({ sentBytes }: { readonly sentBytes: number }): void => { if (sentBytes > 0) lastSentMs = rig.clock.nowMs() }
    await expect(rig.load({ tell })).rejects.toMatchObject({ code: 'pod/boot-failed', message: /boot image DATA 4 .* not acknowledged/, context: { attempts: 1 } })
    expect(rig.clock.nowMs() - lastSentMs).toBeGreaterThan(4000)
    expect(rig.clock.nowMs() - lastSentMs).toBeLessThan(4200)
  })
  test('with a file that is shorter than it says is not switched', async () => {
    const rig = createBootRig(v500Rom, v500)
    await expect(rig.load({ image: v500Image(9000, 809) })).rejects.toMatchObject({ code: 'input/malformed' })
    expect(rig.camera.starts).toBe(0)
  })
})

describe('a CV6xx chip', () => {
  const cv6xx = { soc: cv6xxSoc, profile: undefined, image: cv6xxImage() }
  test('takes GSL, the table of its board, and U-Boot', async () => {
    const rig = createBootRig({ ...cv6xxRom, quirks: { board: { cpuId: 0x61, boardId: 2 } } }, cv6xx)
    const load = await rig.load()
    expect(load).toMatchObject({ boardId: 2, warnings: [], stages: ['power_cycle', 'handshake', 'gsl', 'board_id', 'ddr_table', 'ddr_training', 'uboot', 'complete'] })
    expect(summary(rig.camera.uploads)).toEqual(['4020000+6072', '41000000+2348', '41000000+10024'])
    expect(rig.camera.uploads[1]?.bytes.at(-1)).toBe(0xb1)
    expect(rig.told.some(({ message }) => message.includes('DDR type 3'))).toBe(true)
  })
  test('that does not say which board it is gets no table by chance', async () => {
    const rig = createBootRig({ ...cv6xxRom, quirks: { board: 'silent' } }, cv6xx)
    await expect(rig.load()).rejects.toMatchObject({ code: 'device/no-answer', context: { stage: 'board_id' }, hint: /board id/ })
    expect(summary(rig.camera.uploads)).toEqual(['4020000+6072'])
  })
  test('that does not say which board it is gets the table of the board that a person named, with a warning', async () => {
    const rig = createBootRig({ ...cv6xxRom, quirks: { board: 'silent' } }, cv6xx)
    const load = await rig.load({ boardId: 2 })
    expect(rig.camera.uploads[1]?.bytes.at(-1)).toBe(0xb1)
    expect(load.warnings).toEqual([expect.stringContaining('board 2 is taken as told')])
  })
  test('whose answer has a wrong check sum is believed with a warning', async () => {
    const rig = createBootRig({ ...cv6xxRom, quirks: { board: { cpuId: 1, boardId: 2, wrongCrc: true } } }, cv6xx)
    expect((await rig.load()).warnings).toEqual([expect.stringContaining('check sum')])
  })
  test('that rejects frames gets them again', async () => {
    const rig = createBootRig({ ...cv6xxRom, quirks: { rejections: 3 } }, cv6xx)
    await rig.load()
    expect(rig.camera.where).toBe('loaded')
  })
})

describe('files that do not fit are refused before anything is switched', () => {
  test.each([
    ['no profile', { profile: undefined }, 'input/missing-file'],
    ['the profile of another chip', { profile: profileOf({ ADDRESS: [0x04017000, 0x04010500, 0x81000000] }) }, 'input/conflict'],
    ['a DDR step that was cut off', { profile: profileOf({ DDRSTEP0: new Uint8Array(10).fill(1) }) }, 'input/malformed'],
    ['an empty DDR step', { profile: profileOf({ DDRSTEP0: new Uint8Array() }) }, 'input/malformed'],
    ['an error page instead of U-Boot', { image: new Uint8Array(300) }, 'input/malformed'],
    ['an empty payload', { payload: new Uint8Array() }, 'input/malformed'],
    ['a huge SPL', { image: new Uint8Array(2000), profile: profileOf({ FILELEN: [64, 0x7fff_ffff] }) }, 'input/malformed'],
    ['a V500 chip with a Standard image', { soc: v500Soc, image: ubootImage() }, 'input/malformed'],
    ['a CV6xx chip with a Standard image', { soc: cv6xxSoc, image: ubootImage() }, 'input/malformed'],
  ])('%s', async (_, more, code) => {
    const rig = createBootRig()
    await expect(rig.load({ soc: evSoc, ...more })).rejects.toMatchObject({ code })
    expect(rig.camera).toMatchObject({ starts: 0, heardBytes: 0 })
  })
})
