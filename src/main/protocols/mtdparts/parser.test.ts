import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fitCheck } from './fitCheck.ts'
import { type MtdDevice, parseMtdDevices, parseMtdparts } from './parser.ts'
import { printMtdDevices } from './writer.ts'

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

test.each(['', 'x:', 'x:12q(a)', 'x:0(a)', 'x:-(a),64k(b)', 'x:64k(a),64k(a)', 'x:64k(a);y:64k(b)', 'x:64k(a', 'x:64k@z(a)', 'x:-(a),64k@0x10000(b)', 'x:-,-', 'x:010k(a)', 'x:64k(a;reset)', 'x:64k(a b)', 'x:64k($a)', 'a b:64k(a)', 'x:9999999g(a)', 'x:64k(a)rw', ','.repeat(10), 'x:64k(a),'.repeat(1200)])('%j is refused in words', (text) => {
  expect(() => parseMtdparts(text)).toThrow(expect.objectContaining({ code: 'input/malformed' }))
})

test('noise is refused or parsed, never anything else', () => {
  fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => {
    try { parseMtdparts(text) } catch (error) { expect(error).toMatchObject({ code: 'input/malformed' }) }
  }))
})

test('several devices, all flags, hex and every unit', () => {
  const devices = parseMtdDevices('mtdparts=hi_sfc:0x40000(boot)ro,64K@0x40000(env)lk,1m(kernel)rolk;spi0:1.0:1G(data)slc,-')
  expect(devices.map(({ id, parts }) => [id, parts.map((part) => [part.name, part.offsetBytes, part.lengthBytes, part.readOnly, part.keepLocked, part.slcMode])])).toEqual([
    ['hi_sfc', [['boot', 0, 0x40000, true, false, false], ['env', 0x40000, 0x10000, false, true, false], ['kernel', 0x50000, 0x100000, true, true, false]]],
    ['spi0:1.0', [['data', 0, 2 ** 30, false, false, true], ['mtd1', 2 ** 30, undefined, false, false, false]]],
  ])
  expect(printMtdDevices(devices)).toBe('hi_sfc:256k(boot)ro,64k(env)lk,1024k(kernel)rolk;spi0:1.0:1048576k(data)slc,-(mtd1)')
})

test.each(['a:64k(x);64k(y)', 'a:64k(x);a:64k(y)', Array.from({ length: 9 }, (_, index) => `d${index}:64k(x)`).join(';')])('%j: devices are told apart', (text) => {
  expect(() => parseMtdDevices(text)).toThrow(expect.objectContaining({ code: 'input/malformed' }))
})

const flags = fc.record({ readOnly: fc.boolean(), keepLocked: fc.boolean(), slcMode: fc.boolean() })
const part = fc.record({ name: fc.stringMatching(/^[\w.+/:#-]{1,20}$/), offsetBytes: fc.nat({ max: 2 ** 32 }), lengthBytes: fc.integer({ min: 1, max: 2 ** 32 }), flags })
const device = fc.record({
  id: fc.stringMatching(/^[\w.:@/+-]{1,20}$/), hasRest: fc.boolean(), parts: fc.uniqueArray(part, { minLength: 1, maxLength: 8, selector: ({ name }) => name }),
}).map(({ id, hasRest, parts }): MtdDevice => ({
  id, parts: parts.map(({ flags: own, ...rest }, index) => ({ ...rest, ...own, lengthBytes: hasRest && index === parts.length - 1 ? undefined : rest.lengthBytes })),
}))

test('what is printed is parsed to the same', () => {
  fc.assert(fc.property(fc.uniqueArray(device, { minLength: 1, maxLength: 4, selector: ({ id }) => id }), (devices) => {
    expect(parseMtdDevices(printMtdDevices(devices))).toEqual(devices)
  }))
})

const check = (text: string, flashBytes = 0x1000000, eraseBytes = 0x10000): unknown => fitCheck(parseMtdparts(text), flashBytes, eraseBytes).map(({ severity, part: name }) => `${severity} ${name}`)

test('a table that covers the flash has no findings', () => {
  expect(check('hi_sfc:256k(boot),64k(env),3072k(kernel),10240k(rootfs),-(rootfs_data)')).toEqual([])
  expect(check('hi_sfc:256k(boot),64k(env),3072k(kernel),12992k(rootfs)')).toEqual([])
})

test.each([
  ['x:256k(boot),32M(rootfs)', ['error rootfs']],
  ['x:16M(all),64k(late)', ['error late']],
  ['x:16M(all),-(rest)', ['error rest']],
  ['x:200k(boot),-(rest)', ['error boot', 'error rest']],
  ['x:200k(boot)ro,-@256k(rest)', ['warning boot', 'warning rest']],
  ['x:256k(boot),64k@0x20000(env),-@0x40000(rest)', ['warning env']],
  ['x:256k(boot),256k@0x20000(env),-(rest)', ['error env']],
  ['x:256k(boot),-@1M(rest)', ['warning rest']],
  ['x:256k(boot)', ['warning boot']],
  ['x:16M(all)ro,256k@0(boot),-(rest)', ['warning boot', 'warning rest']],
])('%s: %j', (text, expected) => { expect(check(text)).toEqual(expected) })
