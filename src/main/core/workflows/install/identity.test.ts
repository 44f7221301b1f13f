import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asExpanded, chooseMac, planIdentity, type Setting } from './identity.ts'

const ones = (count: number): Uint8Array => new Uint8Array(count).fill(0xff)
const never = (): Uint8Array => { throw new Error('nobody asked for random bytes') }

describe('network address', () => {
  test.each([['00:12:31:aa:bb:cc', '00:12:31:aa:bb:cc'], ['00:12:31:AA:BB:CC', '00:12:31:aa:bb:cc'], [' 00-12-31-aa-bb-cc ', '00:12:31:aa:bb:cc']])('%s is kept', (found, address) => {
    expect(chooseMac(found, never)).toEqual({ address, reason: 'kept' })
  })

  test.each([
    [undefined, 'missing'], ['', 'missing'], ['xx:yy', 'malformed'], ['00:12:31:aa:bb', 'malformed'], ['00:12:31:aa:bb:cc:dd', 'malformed'],
    ['01:12:31:aa:bb:cc', 'malformed'], ['00:00:00:00:00:00', 'malformed'], ['ff:ff:ff:ff:ff:ff', 'malformed'], ['00:00:23:34:45:66', 'compiled-in'], ['00-00-23-34-45-66', 'compiled-in'],
  ])('%s is replaced: %s', (found, reason) => {
    expect(chooseMac(found, ones)).toEqual({ address: 'fe:ff:ff:ff:ff:ff', reason })
  })

  test('a new one is locally administered and no group address', () => {
    fc.assert(fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), fc.string(), (bytes, found) => {
      const { address, reason } = chooseMac(found, () => bytes)
      expect(address).toMatch(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/)
      if (reason !== 'kept') expect(parseInt(address.slice(0, 2), 16) & 3).toBe(2)
    }))
  })

  test('a random source that gives too little is no source', () => { expect(() => chooseMac('', () => new Uint8Array(3))).toThrow(expect.objectContaining({ code: 'internal/bug' })) })
})

const plain = (name: string, value: string): Setting => ({ name, typed: value, value })

describe('environment', () => {
  const found = new Map([['ethaddr', '00:12:31:AA:BB:CC'], ['wlanssid', 'lab'], ['mtdparts', 'old'], ['bootdelay', '1']])
  const wanted = [plain('mtdparts', 'hi_sfc:-(all)'), plain('bootdelay', '1')]
  test('all stays but what is named', () => {
    expect(planIdentity({ found, base: found, wanted, randomBytes: never })).toEqual({
      mac: { address: '00:12:31:aa:bb:cc', reason: 'kept' }, set: [plain('mtdparts', 'hi_sfc:-(all)')], lost: [],
      whole: new Map([['ethaddr', '00:12:31:AA:BB:CC'], ['wlanssid', 'lab'], ['mtdparts', 'hi_sfc:-(all)'], ['bootdelay', '1']]),
    })
  })
  test('a wipe keeps the address and says what goes', () => {
    const base = new Map([['ethaddr', '00:00:23:34:45:66'], ['bootdelay', '1'], ['soc', 'x']])
    expect(planIdentity({ found, base, wanted, randomBytes: never })).toEqual({
      mac: { address: '00:12:31:aa:bb:cc', reason: 'kept' }, set: [plain('mtdparts', 'hi_sfc:-(all)'), plain('ethaddr', '00:12:31:aa:bb:cc')], lost: ['wlanssid'],
      whole: new Map([['ethaddr', '00:12:31:aa:bb:cc'], ['bootdelay', '1'], ['soc', 'x'], ['mtdparts', 'hi_sfc:-(all)']]),
    })
  })
  test('an address that is new or written oddly is set', () => {
    expect(planIdentity({ found: new Map(), base: new Map(), wanted: [], randomBytes: ones }).set).toEqual([plain('ethaddr', 'fe:ff:ff:ff:ff:ff')])
    const dashed = new Map([['ethaddr', '00-12-31-aa-bb-cc']])
    expect(planIdentity({ found: dashed, base: dashed, wanted: [], randomBytes: never }).set).toEqual([plain('ethaddr', '00:12:31:aa:bb:cc')])
  })
  test('what is right after U-Boot has read it is left alone', () => {
    const base = new Map([['bootcmdnor', 'sf probe 0; bootm'], ['bootcmd', 'sf probe 0; bootm'], ['ethaddr', '00:12:31:aa:bb:cc']])
    const typed = { name: 'bootcmd', typed: '${bootcmdnor}', value: asExpanded('${bootcmdnor}', base) }
    expect(planIdentity({ found: base, base, wanted: [typed], randomBytes: never }).set).toEqual([])
  })
  test.each([['a b', 'x'], ['a', 'x\ny'], ['a', "x'y"], ['a', ''], ['a', 'x'.repeat(801)], ['', 'x']])('%j = %j cannot be typed', (name, value) => {
    expect(() => planIdentity({ found, base: found, wanted: [plain(name, value)], randomBytes: never })).toThrow(expect.objectContaining({ code: 'input/malformed' }))
  })
  test('nobody but the rule sets the address', () => {
    expect(() => planIdentity({ found, base: found, wanted: [plain('ethaddr', '00:12:31:00:00:01')], randomBytes: never })).toThrow(expect.objectContaining({ code: 'internal/bug' }))
  })
})

test.each([['${a} b', 'x b'], ['run\\; ${a}', 'run; x'], ['${b}', '${a}'], ['\\${a}', '${a}'], ['${none}', '']])('U-Boot makes of %j %j', (typed, value) => {
  expect(asExpanded(typed, new Map([['a', 'x'], ['b', '${a}']]))).toBe(value)
})
