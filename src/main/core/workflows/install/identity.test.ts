import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { chooseMac, planIdentity } from './identity.ts'

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

describe('environment', () => {
  const found = new Map([['ethaddr', '00:12:31:AA:BB:CC'], ['wlanssid', 'lab'], ['mtdparts', 'old'], ['bootdelay', '1']])
  const wanted = new Map([['mtdparts', 'hi_sfc:-(all)'], ['bootdelay', '1']])

  test('all stays but what is named', () => {
    expect(planIdentity({ found, wanted, wipe: false, randomBytes: never })).toEqual({
      mac: { address: '00:12:31:aa:bb:cc', reason: 'kept' }, set: [{ name: 'mtdparts', value: 'hi_sfc:-(all)' }], kept: ['wlanssid', 'bootdelay', 'ethaddr'], lost: [],
    })
  })

  test('a wipe keeps the address and says what goes', () => {
    expect(planIdentity({ found, wanted, wipe: true, randomBytes: never })).toMatchObject({
      set: [{ name: 'mtdparts', value: 'hi_sfc:-(all)' }, { name: 'bootdelay', value: '1' }, { name: 'ethaddr', value: '00:12:31:aa:bb:cc' }], kept: [], lost: ['wlanssid'],
    })
  })

  test('an address that is new or written oddly is set', () => {
    expect(planIdentity({ found: new Map(), wanted: new Map(), wipe: false, randomBytes: ones }).set).toEqual([{ name: 'ethaddr', value: 'fe:ff:ff:ff:ff:ff' }])
    expect(planIdentity({ found: new Map([['ethaddr', '00-12-31-aa-bb-cc']]), wanted: new Map(), wipe: false, randomBytes: never }).set).toEqual([{ name: 'ethaddr', value: '00:12:31:aa:bb:cc' }])
  })

  test.each([['a b', 'x'], ['a', 'x\ny'], ['a', "x'y"], ['a', ''], ['a', 'x'.repeat(801)], ['', 'x']])('%j = %j cannot be typed', (name, value) => {
    expect(() => planIdentity({ found, wanted: new Map([[name, value]]), wipe: false, randomBytes: never })).toThrow(expect.objectContaining({ code: 'input/malformed' }))
  })

  test('nobody but the rule sets the address', () => {
    expect(() => planIdentity({ found, wanted: new Map([['ethaddr', '00:12:31:00:00:01']]), wipe: false, randomBytes: never })).toThrow(expect.objectContaining({ code: 'internal/bug' }))
  })
})
