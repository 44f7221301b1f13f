import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseMtdparts } from './parser.ts'

const shape = (text: string): unknown => parseMtdparts(text).map(({ name, offsetBytes, lengthBytes }) => [name, offsetBytes, lengthBytes])

test('sizes add up, the last takes the rest', () => {
  expect(shape('hi_sfc:256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(rootfs_data)')).toEqual([
    ['boot', 0, 0x40000], ['env', 0x40000, 0x10000], ['kernel', 0x50000, 0x300000], ['rootfs', 0x350000, 0xa00000], ['rootfs_data', 0xd50000, undefined],
  ])
  expect(shape('mtdparts=hinand:1M(boot),4M(kernel)')).toEqual([['boot', 0, 0x100000], ['kernel', 0x100000, 0x400000]])
})

test('offsets and flags of the kernel\'s grammar', () => {
  expect(shape('x:256k(boot)ro,512k@0x80000(kernel)ro,0x1000(small)')).toEqual([['boot', 0, 0x40000], ['kernel', 0x80000, 0x80000], ['small', 0x100000, 0x1000]])
})

test.each(['', 'x:', 'x:12q(a)', 'x:0(a)', 'x:-(a),64k(b)', 'x:64k(a),64k(a)', 'x:64k(a);y:64k(b)', 'x:64k(a', 'x:64k@z(a)'])('%j is refused in words', (text) => {
  expect(() => parseMtdparts(text)).toThrow(expect.objectContaining({ code: 'input/malformed' }))
})

test('noise is refused or parsed, never anything else', () => {
  fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => {
    try { parseMtdparts(text) } catch (error) { expect(error).toMatchObject({ code: 'input/malformed' }) }
  }))
})
