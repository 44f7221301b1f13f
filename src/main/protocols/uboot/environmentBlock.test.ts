import { crc32 } from 'node:zlib'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { encodeEnvironmentBlock, maskEnvironment, parseEnvironmentBlock } from './environmentBlock.ts'

const name = fc.stringMatching(/^[\x21-\x3c\x3e-\x7e]{1,12}$/)
const value = fc.array(fc.integer({ min: 1, max: 255 }), { maxLength: 30 }).map((codes) => String.fromCharCode(...codes))
const pairs = fc.uniqueArray(fc.tuple(name, value), { maxLength: 20, selector: ([key]) => key })

test('a block as U-Boot writes it', () => {
  const block = new Uint8Array(64)
  block.set(new TextEncoder().encode('bootdelay=1\0ethaddr=00:12:31:aa:bb:cc\0\0'), 4)
  new DataView(block.buffer).setUint32(0, crc32(block.subarray(4)), true)
  const parsed = parseEnvironmentBlock(block)
  expect(parsed).toEqual({ variables: new Map([['bootdelay', '1'], ['ethaddr', '00:12:31:aa:bb:cc']]), redundantFlag: undefined })
  expect(encodeEnvironmentBlock(new Map([['bootdelay', '1'], ['ethaddr', '00:12:31:aa:bb:cc']]), 64)).toEqual(block)
})

test('what is encoded is parsed to the same, in both forms', () => {
  fc.assert(fc.property(pairs, fc.option(fc.nat(255), { nil: undefined }), (list, flag) => {
    expect(parseEnvironmentBlock(encodeEnvironmentBlock(new Map(list), 4096, flag))).toEqual({ variables: new Map(list), redundantFlag: flag })
  }))
})

test('one wrong byte anywhere is noticed', () => {
  const block = encodeEnvironmentBlock(new Map([['a', 'b'], ['bootcmd', 'run x; reset']]), 256, 1)
  fc.assert(fc.property(fc.nat(255), fc.integer({ min: 1, max: 255 }), (at, flip) => {
    // The flag of the redundant form is outside the CRC.
    if (at === 4) return
    const hurt = block.slice()
    hurt[at] = (hurt[at] ?? 0) ^ flip
    expect(parseEnvironmentBlock(hurt)).toBe('damaged')
  }))
})

test('erased, too short, without an end, and noise', () => {
  expect(parseEnvironmentBlock(new Uint8Array(0x10000).fill(0xff))).toBe('erased')
  expect(parseEnvironmentBlock(new Uint8Array(3))).toBe('damaged')
  const endless = new Uint8Array(64).fill(0x61)
  new DataView(endless.buffer).setUint32(0, crc32(endless.subarray(4)), true)
  expect(parseEnvironmentBlock(endless)).toBe('damaged')
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => { expect(['erased', 'damaged']).toContain(parseEnvironmentBlock(bytes)) }))
})

test('what cannot be stored is refused', () => {
  expect(() => encodeEnvironmentBlock(new Map([['a', 'x'.repeat(100)]]), 64)).toThrow(expect.objectContaining({ code: 'input/too-large' }))
  for (const [key, text] of [['a=b', 'x'], ['', 'x'], ['a b', 'x'], ['a', 'x\0y'], ['a', 'ł']] as const) {
    expect(() => encodeEnvironmentBlock(new Map([[key, text]]), 4096)).toThrow(expect.objectContaining({ code: 'input/malformed' }))
  }
})

test('the last byte may be used, and not one more', () => {
  expect(encodeEnvironmentBlock(new Map([['a', 'x'.repeat(64 - 4 - 4)]]), 64)).toHaveLength(64)
  expect(() => encodeEnvironmentBlock(new Map([['a', 'x'.repeat(64 - 4 - 3)]]), 64)).toThrow(expect.objectContaining({ code: 'input/too-large' }))
})

test('secrets are masked wherever they stand', () => {
  const masked = maskEnvironment(new Map([
    ['wlanpass', 'hunter2'], ['wlanssid', 'lab'], ['wpa_psk', 'x'], ['bootstopkey', 'abc'], ['adminPassword', 'y'], ['api_token', ''], ['rootpw', 'x'], ['pwm', '3'],
    ['bootargs', 'mem=32M wifi_psk=hunter2 root=/dev/mtdblock3'], ['upgrade', 'https://me:hunter2@host/x'], ['ethaddr', '00:12:31:aa:bb:cc'],
  ]))
  expect(Object.fromEntries(masked)).toEqual({
    wlanpass: '••••', wlanssid: 'lab', wpa_psk: '••••', bootstopkey: '••••', adminPassword: '••••', api_token: '', rootpw: '••••', pwm: '3',
    bootargs: 'mem=32M wifi_psk=•••• root=/dev/mtdblock3', upgrade: 'https://••••@host/x', ethaddr: '00:12:31:aa:bb:cc',
  })
})
