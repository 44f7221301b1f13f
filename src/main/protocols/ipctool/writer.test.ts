import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readInput } from '../../core/workflows/restore/readInput.ts'
import { encodeIpctoolBlockHead, encodeIpctoolHead, type IpctoolPart } from './writer.ts'

const hashHex = (algorithm: 'sha1' | 'sha256', bytes: Uint8Array): string => createHash(algorithm).update(bytes).digest('hex')
const tools = { hashHex, parseYaml: (text: string): unknown => parse(text, { maxAliasCount: 0 }) as unknown }
const head = (parts: readonly IpctoolPart[]): Uint8Array => encodeIpctoolHead({ chip: 'hi3516ev300', flashName: 'W25Q128', flashBytes: 0x1000000, parts })
const name = fc.oneof(fc.constantFrom('boot', 'rootfs-data', 'null', 'yes', '1e5', '007', 'a b', '"x"', 'ünï', '- y', 'k: v', '#'), fc.stringMatching(/^[\w.+/:#-]{1,20}$/))

test('our reader takes what our writer wrote, whatever the names and bytes', () => {
  fc.assert(fc.property(fc.array(fc.record({ name, bytes: fc.uint8Array({ minLength: 1, maxLength: 64 }) }), { minLength: 1, maxLength: 8 }), (parts) => {
    const described = parts.map((part) => ({ name: part.name, lengthBytes: part.bytes.length, sha1: hashHex('sha1', part.bytes).slice(0, 8) }))
    const whole = Uint8Array.from([...head(described), ...parts.flatMap(({ bytes }) => [...encodeIpctoolBlockHead(bytes.length), ...bytes])])
    const input = readInput({ kind: 'file', path: '/b', name: 'b', bytes: whole }, tools, false)
    expect(input.warnings).toEqual([])
    expect(input.parts.map(({ bytes, partitionBytes }) => [[...bytes], partitionBytes])).toEqual(parts.map(({ bytes }) => [[...bytes], bytes.length]))
  }))
})
test('checksums that look like numbers stay checksums, and never change the length', () => {
  const part = (sha1: string): IpctoolPart => ({ name: 'boot', lengthBytes: 0x30000, sha1 })
  for (const sha1 of ['00000000', '1e234567', '12345678', '0x123456'.replace('x', '1')]) {
    const text = new TextDecoder().decode(head([part(sha1)]).slice(0, -1))
    expect(parse(text)).toMatchObject({ rom: [{ type: 'nor', partitions: [{ name: 'boot', size: 0x30000, sha1 }] }] })
    expect(head([part(sha1)])).toHaveLength(head([part('ffffffff')]).length)
  }
  expect(() => head([part('xyz')])).toThrow(expect.objectContaining({ code: 'internal/bug' }))
})
