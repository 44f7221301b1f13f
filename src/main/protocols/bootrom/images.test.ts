import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { parseCv6xxImage } from './cv6xxImage.ts'
import { parseV500Image } from './v500Image.ts'

function v500(auxBytes: number, totalBytes: number): Uint8Array {
  const image = Uint8Array.from({ length: totalBytes }, (_, index) => index & 0x7f)
  if (totalBytes >= 1028) new DataView(image.buffer).setUint32(1024, auxBytes, true)
  return image
}

describe('a V500 image', () => {
  test('falls into head, aux and the whole', () => {
    const image = v500(3000, 20_000)
    const { head, aux, boot } = parseV500Image(image)
    expect([head.length, aux.length, boot.length]).toEqual([8192, 3000, 20_000])
    expect(aux[0]).toBe(image[8192])
  })
  test('may end with its aux area, and no sooner', () => {
    expect(parseV500Image(v500(1000, 9192)).aux).toHaveLength(1000)
    expect(() => parseV500Image(v500(1001, 9192))).toThrow(/1001 bytes, and 1000 are there/)
  })
  test.each([[0, 1000], [10, 1028], [0, 9000], [0xffff_ffff, 9000]])('with %i bytes of aux in %i is refused', (auxBytes, totalBytes) => {
    expect(() => parseV500Image(v500(auxBytes, totalBytes))).toThrow(expect.objectContaining({ code: 'input/malformed' }))
  })
})

interface Layout { readonly gslBytes: number; readonly tableAt: number; readonly tableBytes: number; readonly tableCount: number; readonly map: readonly number[]; readonly ubootBytes: number; readonly cut: number }
const good: Layout = { gslBytes: 4096, tableAt: 512, tableBytes: 256, tableCount: 3, map: [0, 2, 1, 9, 0, 0, 0, 1], ubootBytes: 6000, cut: 0 }

function cv6xx(more: Partial<Layout> = {}, patch: (view: DataView) => void = () => undefined): Uint8Array {
  const { gslBytes, tableAt, tableBytes, tableCount, map, ubootBytes, cut } = { ...good, ...more }
  const end = gslBytes + 3072
  const parameters = end + 1024
  const ubootAt = end + 2048 + tableAt + tableBytes * tableCount
  const image = new Uint8Array(ubootAt + 1024 + ubootBytes)
  const view = new DataView(image.buffer)
  const put = (at: number, value: number): void => { view.setUint32(at, value, true) }
  put(2048, 0x4bb4d22d); put(2084, gslBytes)
  put(parameters, 0x4b87a52d); put(parameters + 32, tableAt); put(parameters + 36, tableBytes); put(parameters + 40, tableCount)
  image.set(map, parameters + 300)
  for (let index = 0; index < tableCount; index += 1) image.fill(0xa0 + index, end + 2048 + tableAt + index * tableBytes, end + 2048 + tableAt + (index + 1) * tableBytes)
  put(ubootAt, 0x4bf01e2d); put(ubootAt + 36, ubootBytes)
  patch(view)
  return image.subarray(0, image.length - cut)
}

describe('a CV6xx image', () => {
  test('falls into GSL, DDR tables and U-Boot', () => {
    const image = parseCv6xxImage(cv6xx())
    expect(image.gsl).toHaveLength(4096 + 3072)
    expect(image.uboot).toHaveLength(6000 + 1024)
    expect(image.ddrTable(0).bytes).toHaveLength(2048 + 256)
  })
  test.each([[0, 0], [1, 2], [2, 1], [3, 0], [7, 1], [8, 0], [0xffff_ffff, 0]])('board %i gets table %i', (boardId, index) => {
    const table = parseCv6xxImage(cv6xx()).ddrTable(boardId)
    expect(table.index).toBe(index)
    expect(table.bytes[2048]).toBe(0xa0 + index)
    expect(table.bytes.at(-1)).toBe(0xa0 + index)
  })
  test.each<readonly [string, Uint8Array, RegExp]>([
    ['an empty file', new Uint8Array(), /ends before its GSL header/],
    ['a short file', new Uint8Array(2086), /GSL magic/],
    ['a foreign file', new Uint8Array(40_000), /GSL magic/],
    ['a GSL past the end', cv6xx({}, (view) => { view.setUint32(2084, 0xffff_ffff, true) }), /GSL reaches/],
    ['no parameters', cv6xx({}, (view) => { view.setUint32(4096 + 4096, 1, true) }), /parameter magic/],
    ['no table', cv6xx({ tableCount: 0 }), /no DDR table/],
    ['tables past the end', cv6xx({}, (view) => { view.setUint32(8192 + 36, 0xffff_fff0, true) }), /list of DDR tables reaches/],
    ['a table far away', cv6xx({}, (view) => { view.setUint32(8192 + 32, 0xffff_fff0, true) }), /list of DDR tables reaches/],
    ['no U-Boot', cv6xx({}, (view) => { view.setUint32(4096 + 3072 + 2048 + 512 + 768, 0, true) }), /U-Boot magic/],
    ['a U-Boot past the end', cv6xx({ cut: 1 }), /U-Boot reaches 1 bytes past/],
  ])('%s is refused by name', (_, image, why) => {
    expect(() => parseCv6xxImage(image)).toThrow(why)
  })
})

test('any file is an image or input/malformed, whatever its numbers', () => {
  const orMalformed = (work: () => void): void => {
    try { work() } catch (error) { expect(error).toBeInstanceOf(WorkbenchError); expect(error).toMatchObject({ code: 'input/malformed' }) }
  }
  const whole = cv6xx()
  fc.assert(fc.property(fc.uint8Array({ maxLength: 12_000 }), fc.nat(whole.length), fc.nat(whole.length - 4), fc.integer({ min: 0, max: 0xffff_ffff }), (noise, cut, at, value) => {
    orMalformed(() => parseV500Image(noise))
    orMalformed(() => parseCv6xxImage(noise))
    orMalformed(() => parseCv6xxImage(whole.subarray(0, cut)))
    const spoiled = whole.slice()
    new DataView(spoiled.buffer).setUint32(at, value, true)
    orMalformed(() => parseCv6xxImage(spoiled).ddrTable(value))
  }))
})
