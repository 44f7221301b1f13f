import { crc16Xmodem } from '../../../shared/bytes/crc16.ts'
import { frameStart, maxDataBytes } from './frame.ts'

/** Announces a transfer: FE 00 FF 01, length and load address big-endian, CRC. */
export function encodeHead(lengthBytes: number, loadAddress: number): Uint8Array {
  return framed(frameStart.head, lengthBytes, loadAddress)
}

/** `sequence` is the plain counter from 1; on the wire it wraps at 256 and is followed by its complement. */
export function encodeData(sequence: number, payload: Uint8Array): Uint8Array {
  if (payload.length === 0 || payload.length > maxDataBytes) throw new RangeError(`payload of ${payload.length} bytes`)
  const body = new Uint8Array(3 + payload.length)
  body.set([frameStart.data, sequence & 0xff, ~sequence & 0xff])
  body.set(payload, 3)
  return sealed(body)
}

/** `sequence` is the number of DATA frames plus one. */
export function encodeTail(sequence: number): Uint8Array {
  return sealed(Uint8Array.of(frameStart.tail, sequence & 0xff, ~sequence & 0xff))
}

/** Repeated until a V500 chip answers with its id. */
export const encodeV500Hello = (): Uint8Array => framed(frameStart.v500Hello, 0, 0)

/** Repeated until a CV6xx chip says which way it boots. The only frame with a little-endian rate and CRC. */
export function encodeCv6xxHello(baudRate: number): Uint8Array {
  const frame = new Uint8Array(18)
  const view = new DataView(frame.buffer)
  frame.set([0xef, 0xbe, 0xad, 0xde, 0x12, 0x00, 0xf0, 0x0f])
  view.setUint32(8, baudRate, true)
  frame.set([0x08, 0x01, 0x00, 0x09], 12)
  view.setUint16(16, crc16Xmodem(frame.subarray(0, 16)), true)
  return frame
}

/** Asks a CV6xx board which one it is. The time is sent twice, in seconds since 1970. */
export const encodeBoardQuery = (unixSeconds: number): Uint8Array => framed(frameStart.boardQuery, unixSeconds, unixSeconds)

function framed(start: number, first: number, second: number): Uint8Array {
  const body = new Uint8Array(12)
  body.set([start, 0x00, 0xff, 0x01])
  const view = new DataView(body.buffer)
  view.setUint32(4, first)
  view.setUint32(8, second)
  return sealed(body)
}

function sealed(body: Uint8Array): Uint8Array {
  const crc = crc16Xmodem(body)
  const frame = new Uint8Array(body.length + 2)
  frame.set(body)
  frame.set([crc >> 8, crc & 0xff], body.length)
  return frame
}
