import fc from 'fast-check'
import { expect, test } from 'vitest'
import { classifyAnswer, isAlive, parseCrc, parseFetched, parseFlashDone, parseProbe, parseVariable } from './answers.ts'

test.each([
  ["Unknown command 'crc33' - try 'help'", 'unknown-command'],
  ["No SPI flash selected. Please run `sf probe'", 'error'],
  ['Failed to initialize SPI flash at 0:0', 'error'],
  ['SF: 2048 bytes @ 0x250001 Erased: ERROR -22', 'error'],
  ['SF: 65536 bytes @ 0x0 Written: ERROR', 'error'],
  ['ERROR: attempting erase past flash size (0x1000000)', 'error'],
  ['SPI flash erase failed', 'error'],
  ['## Error: "soc" not defined', 'error'],
  ["*** ERROR: 'ethaddr' not set", 'error'],
  ['Offset exceeds device limit', 'error'],
  ['Usage:\nsf probe [[bus:]cs] [hz] [mode]', 'error'],
  ['Abort', 'error'],
  ['SF: 65536 bytes @ 0x40000 Erased: OK', 'ok'],
  ['', 'ok'],
] as const)('%j is %s', (output, kind) => {
  expect(classifyAnswer(output, undefined).kind).toBe(kind)
})

test('an error text is an error, also with a return code of 0', () => {
  for (const text of ['ERROR: attempting erase past flash size (0x1000000)', 'SF: 65536 bytes @ 0x50000 Erased: ERROR', 'Saving Environment to SPI Flash... SPI flash erase failed', 'No SPI flash selected. Please run `sf probe\'']) {
    expect(classifyAnswer(`something before\n${text}\n`, 0).kind).toBe('error')
    expect(classifyAnswer(text, undefined).kind).toBe('error')
  }
})

test('a return code other than 0 is an error, whatever was printed', () => {
  expect(classifyAnswer('', 1).kind).toBe('error')
  expect(classifyAnswer('all is well', 1)).toEqual({ kind: 'error', text: 'all is well' })
  expect(classifyAnswer('all is well', 0).kind).toBe('ok')
})

test('both dialects of the probe', () => {
  expect(parseProbe('SF: Detected W25Q128 with page size 256 Bytes, erase size 64 KiB, total 16 MiB')).toEqual({ chipName: 'W25Q128', eraseBlockBytes: 65536, flashBytes: 16777216 })
  expect(parseProbe('SF: Detected mx25l12805d with page size 256 Bytes, erase size 64 KiB, total 16 MiB')?.flashBytes).toBe(16777216)
  expect(parseProbe('Block:64KB Chip:16MB Name:"W25Q128"')).toEqual({ chipName: 'W25Q128', eraseBlockBytes: 65536, flashBytes: 16777216 })
  expect(parseProbe('Spi(cs1) ID: 0xC2 0x20 0x18 0xC2 0x20 0x18\nBlock:64KB Chip:16MB Name:"MX25L128XX"')).toEqual({ chipName: 'MX25L128XX', eraseBlockBytes: 65536, flashBytes: 16777216, jedecId: 'c22018' })
  expect(parseProbe('Spi(cs1) ID: 0xC2 0x2? 0x18\nBlock:64KB Chip:16MB Name:"MX25L128XX"')?.jedecId).toBeUndefined()
  expect(parseProbe('Spi(cs1) ID: 0xC2 0x20 0x18')).toBeUndefined()
  expect(parseProbe('SPI Nor total size: 8MB')?.flashBytes).toBe(8388608)
  expect(parseProbe('RAM size: 128MB')).toBeUndefined()
  expect(parseProbe('')).toBeUndefined()
})

test('done counts only with its numbers', () => {
  expect(parseFlashDone('SF: 3145728 bytes @ 0x50000 Written: OK', 'Written')).toEqual({ lengthBytes: 3145728, offsetBytes: 0x50000 })
  expect(parseFlashDone('device 0 offset 0x0, size 0x40000\nSF: 262144 bytes @ 0x0 Read: OK', 'Read')).toEqual({ lengthBytes: 262144, offsetBytes: 0 })
  expect(parseFlashDone('SF: 3145728 bytes @ 0x50000 Written: OK', 'Erased')).toBeUndefined()
  expect(parseFlashDone('Written: OK', 'Written')).toBeUndefined()
  expect(parseFlashDone('SF: 1 bytes @ 0x0 Written: ERROR', 'Written')).toBeUndefined()
})

test('a CRC with its addresses', () => {
  expect(parseCrc('crc32 for 42000000 ... 42000fff ==> abcd1234')).toEqual({ firstAddress: 0x42000000, lastAddress: 0x42000fff, crc32: 'abcd1234' })
  expect(parseCrc('CRC32 for 80000000 ... 80000003 ==> ABCD1234')?.crc32).toBe('abcd1234')
  expect(parseCrc('==> abcd1234')).toBeUndefined()
  expect(parseCrc('crc32 for 42000000 ... 42000fff ==> abcd12')).toBeUndefined()
})

test('a fetched length must be told twice alike', () => {
  expect(parseFetched('done\nBytes transferred = 3145728 (300000 hex)')).toEqual({ lengthBytes: 3145728 })
  expect(parseFetched('done')).toBeUndefined()
  expect(parseFetched('Bytes transferred = 3145728 (30000 hex)')).toBeUndefined()
})

test('alive, and not "not alive"', () => {
  expect(isAlive('host 192.168.1.1 is alive')).toBe(true)
  expect(isAlive('ping failed; host 192.168.1.1 is not alive')).toBe(false)
})

test('variables by their whole name', () => {
  expect(parseVariable('eth1addr=00:11:22:33:44:55', 'ethaddr')).toBeUndefined()
  expect(parseVariable('ethaddr=00:12:31:aa:bb:cc', 'ethaddr')).toBe('00:12:31:aa:bb:cc')
})

test('noise never throws and never confirms', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (noise) => {
    classifyAnswer(noise, undefined)
    parseProbe(noise)
    expect(parseCrc(noise)).toBeUndefined()
    expect(parseFlashDone(noise, 'Written')).toBeUndefined()
    expect(parseFetched(noise)).toBeUndefined()
  }))
})
