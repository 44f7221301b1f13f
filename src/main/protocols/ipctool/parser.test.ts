import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isIpctoolBackup, parseIpctoolBackup } from './parser.ts'

const backup = (yaml: string, ...blocks: Uint8Array[]): Uint8Array => Buffer.concat([
  Buffer.from(yaml), Buffer.of(0),
  ...blocks.map((block) => { const head = Buffer.alloc(4); head.writeUInt32LE(block.length); return Buffer.concat([head, block]) }),
])
const yaml = '---\nrom:\n  - type: nor\n'

test('description and blocks', () => {
  const parsed = parseIpctoolBackup(backup(yaml, Buffer.from('one'), Buffer.from('three')))
  expect(parsed.yaml).toBe(yaml)
  expect(parsed.blocks.map((block) => new TextDecoder().decode(block))).toEqual(['one', 'three'])
})

test('every cut of a backup is refused or loses whole blocks only', () => {
  const whole = backup(yaml, Buffer.from('one'), Buffer.from('three'))
  for (let end = 4; end < whole.length; end += 1) {
    try {
      const { blocks } = parseIpctoolBackup(whole.subarray(0, end))
      expect(blocks.map((block) => new TextDecoder().decode(block))).toEqual(['one'])
    } catch (error) {
      expect(error).toMatchObject({ code: 'input/malformed' })
    }
  }
})

test('noise is refused in words', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (noise) => {
    isIpctoolBackup(noise)
    try { parseIpctoolBackup(noise) } catch (error) { expect(error).toMatchObject({ code: 'input/malformed' }) }
  }))
})
