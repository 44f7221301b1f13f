import { expect, test } from 'vitest'
import { crc16Xmodem } from '../../../shared/bytes/crc16.ts'
import { encodeXcmd, encodeXhead, parseFramedOutput } from './commandFrames.ts'

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

test.each([
  ['', 0x0000], ['\0', 0x0000], ['A', 0x58e5], ['123456789', 0x31c3],
])('CRC-16 of %j', (text, crc) => { expect(crc16Xmodem(new TextEncoder().encode(text))).toBe(crc) })
test('CRC-16 of byte runs', () => {
  expect(crc16Xmodem(new Uint8Array(4).fill(0xff))).toBe(0x99cf)
  expect(crc16Xmodem(Uint8Array.from({ length: 256 }, (_, index) => index))).toBe(0x7e55)
})

test.each([
  ['version', 'ab00073d8a', 'cd76657273696f6e7742'],
  ['nand info', 'ab0009dc44', 'cd6e616e6420696e666f99b9'],
  ['sf probe 0', 'ab000aec27', 'cd73662070726f626520309378'],
  ['printenv ethaddr', 'ab00105f5c', 'cd7072696e74656e762065746861646472a167'],
  ['reset', 'ab00051dc8', 'cd72657365740775'],
])('frames of %j', (command, head, body) => {
  expect(hex(encodeXhead(command.length))).toBe(head)
  expect(hex(encodeXcmd(command))).toBe(body)
})

test('a long command, and one too long for the device', () => {
  expect(hex(encodeXhead(300))).toBe('ab012c9bb2')
  expect(hex(encodeXcmd('a'.repeat(300)))).toMatch(/77a4$/)
  expect(() => encodeXhead(1001)).toThrow(RangeError)
})

test('the end mark tells success from failure', () => {
  expect(parseFramedOutput('out\r\n[EOT](OK)\r\n')).toEqual({ output: 'out\n', ok: true })
  expect(parseFramedOutput('out\n[EOT](ERROR)')).toEqual({ output: 'out\n', ok: false })
  expect(parseFramedOutput('out\n[EOT](O')).toBeUndefined()
})
