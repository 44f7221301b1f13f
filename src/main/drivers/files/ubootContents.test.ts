import { gzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { readUbootContents } from './ubootContents.ts'

const version = 'U-Boot 2016.11 (Mar 20 2023 - 11:44:07 +0000)'
const image = (...parts: readonly Uint8Array[]): Uint8Array => Buffer.concat([Buffer.alloc(0x5000, 0xff), ...parts, Buffer.alloc(2000, 0xff)])

test('a version in the clear, packed with gzip behind a first stage, and what only looks packed', () => {
  expect(readUbootContents(image(Buffer.from(version)))).toEqual({ versions: [version], isUnread: false })
  expect(readUbootContents(image(Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3]), gzipSync(`code\0${version}\0`)))).toEqual({ versions: [version], isUnread: false })
  expect(readUbootContents(image(Buffer.from([0x1f, 0x8b, 8, 0, 1, 2, 3])))).toEqual({ versions: [], isUnread: false })
})

test('a name and more in the head of what is packed', () => {
  const packed = gzipSync(version)
  const head = Buffer.from([...packed.subarray(0, 3), 4 | 8 | 2, ...packed.subarray(4, 10), 2, 0, 7, 7, ...Buffer.from('u-boot.bin\0'), 9, 9])
  expect(readUbootContents(image(head, packed.subarray(10))).versions).toEqual([version])
})

test('a version packed with LZMA behind a first stage, also where something before it looks the same', () => {
  const packed = Buffer.from('XQAAAQD//////////wAxm8iwUczmHU+6DbbJq76NqYWMRm/WMrCrRC683UIHaR+solKpLPcfuvD7ML02ZOCLFw2JI1/9qVAA', 'base64')
  expect(readUbootContents(image(packed))).toEqual({ versions: [version], isUnread: false })
  expect(readUbootContents(image(Buffer.from([0x5d, 0, 0, 1, 0, 9, 9]), packed)).versions).toEqual([version])
})

test('one that was packed another way is not read, and said to be', () => {
  expect(readUbootContents(image(Buffer.from([0x5d, 0, 0, 0x80, 0, 1])))).toEqual({ versions: [], isUnread: true })
})
