import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { buildSquashfsSuperblock, buildUbiBlock, buildUbifsSuperblock, buildUbiImage, buildVolumeTable, joinBlocks, type TestBlock, type TestGeometry, type TestVolume } from '../../../../test/support/ubiBuilder.ts'
import { fileSystemOf } from './fileSystems.ts'
import { isUbiImage, parseUbi } from './parser.ts'
import { volumeBytes, volumeLengthBytes } from './volumes.ts'

const geometry: TestGeometry = { eraseBytes: 16 * 1024, headerOffset: 512, dataOffset: 1024 }
const lebBytes = 15 * 1024
const noise = (lengthBytes: number, seed = 1): Uint8Array => Uint8Array.from({ length: lengthBytes }, (_, index) => (index * 31 + (index >> 7) * 17 + seed) & 0x7f)
const fixed = (more: Partial<TestVolume> = {}): TestVolume => ({ id: 0, name: 'kernel', kind: 'static', data: noise(40_000), ...more })
const growing = (more: Partial<TestVolume> = {}): TestVolume => ({ id: 3, name: 'rootfs', kind: 'dynamic', data: noise(3 * lebBytes, 5), ...more })
const errorsOf = (image: Uint8Array): readonly string[] => parseUbi(image).problems.filter(({ severity }) => severity === 'error').map(({ message }) => message)
const warningsOf = (image: Uint8Array): readonly string[] => parseUbi(image).problems.filter(({ severity }) => severity === 'warning').map(({ message }) => message)

describe('sound images', () => {
  test('several volumes by name, static ones cut to their length', () => {
    const image = buildUbiImage([fixed(), growing()], geometry)
    const parsed = parseUbi(image)
    expect(isUbiImage(image)).toBe(true)
    expect(parsed).toMatchObject({ eraseBytes: 16_384, lebBytes, imageSequence: 0x12345678, problems: [], moreProblems: false, blocks: { total: 8, used: 8, empty: 0, damaged: 0 } })
    expect(parsed.volumes.map(({ id, name, kind, isSound }) => [id, name, kind, isSound])).toEqual([[0, 'kernel', 'static', true], [3, 'rootfs', 'dynamic', true]])
    expect(parsed.volumes.map((volume) => volumeBytes(volume))).toEqual([fixed().data, growing().data])
  })

  test('contents are views into the image', () => {
    const image = buildUbiImage([fixed()], geometry)
    expect(parseUbi(image).volumes[0]?.lebs.every((leb) => leb?.buffer === image.buffer)).toBe(true)
  })

  test('the erase size is found, also when it is no power of two or the first blocks are bad', () => {
    fc.assert(fc.property(fc.constantFrom(4096, 16_384, 65_536, 131_072, 4224, 8448, 135_168), fc.nat(3), (eraseBytes, badBlocks) => {
      const own = { eraseBytes, headerOffset: 512, dataOffset: 1024 }
      const bad = Array.from({ length: eraseBytes % 4096 === 0 && (eraseBytes & (eraseBytes - 1)) === 0 ? badBlocks : 0 }, () => new Uint8Array(eraseBytes).fill(0xff))
      const parsed = parseUbi(joinBlocks([...bad, buildUbiImage([fixed({ data: noise(9000) })], own)]))
      expect(parsed.eraseBytes).toBe(eraseBytes)
      expect(volumeBytes(parsed.volumes[0]!)).toEqual(noise(9000))
    }))
  })

  test('an image inside the contents does not confuse it', () => {
    const inner = buildUbiImage([fixed()], { eraseBytes: 4096, headerOffset: 512, dataOffset: 1024, imageSequence: 77 })
    const parsed = parseUbi(buildUbiImage([growing({ data: inner })], geometry))
    expect(parsed.eraseBytes).toBe(16_384)
    expect(volumeBytes(parsed.volumes[0]!).subarray(0, inner.length)).toEqual(inner)
  })

  test('blocks in any order among empty ones, old pieces included: the newest counts', () => {
    const old = (block: TestBlock | undefined): TestBlock | undefined => block && { ...block, contents: noise(block.contents.length, 99), sequence: 1 }
    fc.assert(fc.property(fc.infiniteStream(fc.nat(1_000_000)), fc.array(fc.boolean(), { maxLength: 12 }), (numbers, doubled) => {
      const image = buildUbiImage([fixed(), growing()], geometry, (blocks) => {
        const newest = blocks.map((block, index) => block && { ...block, sequence: 10 + index })
        const all = [...newest, ...newest.filter((block, index) => index > 1 && doubled[index] === true && block?.isStatic === false).map(old), undefined, undefined]
        return all.map((block) => ({ block, key: numbers.next().value ?? 0 })).sort((a, b) => a.key - b.key).map(({ block }) => block)
      })
      const parsed = parseUbi(image)
      expect(parsed.problems).toEqual([])
      expect(parsed.volumes.map((volume) => Buffer.compare(volumeBytes(volume), volume.id === 0 ? fixed().data : growing().data))).toEqual([0, 0])
    }))
  })

  test('a pad at the end of each block is left out', () => {
    const data = noise(2 * (lebBytes - 512))
    const parsed = parseUbi(buildUbiImage([growing({ data, dataPad: 512 })], geometry))
    expect(parsed.volumes[0]).toMatchObject({ lebBytes: lebBytes - 512, isSound: true })
    expect(volumeBytes(parsed.volumes[0]!)).toEqual(data)
  })

  test('erased blocks at the end of a dynamic volume are not part of it', () => {
    const data = noise(4 * lebBytes).fill(0xff, lebBytes + 5)
    const [volume] = parseUbi(buildUbiImage([growing({ data })], geometry)).volumes
    expect(volumeLengthBytes(volume!)).toBe(2 * lebBytes)
    expect(volumeBytes(volume!)).toEqual(data.subarray(0, 2 * lebBytes))
  })
})

describe('damage is told', () => {
  const withBlock = (index: number, change: (block: Uint8Array) => void): Uint8Array => {
    const image = buildUbiImage([fixed(), growing()], geometry)
    change(image.subarray(index * 16_384, (index + 1) * 16_384))
    return image
  }
  const at = (offset: number) => (block: Uint8Array): void => { block[offset] = (block[offset] ?? 0) ^ 0x10 }

  test('a wrong byte in the contents of a static volume', () => {
    const image = withBlock(3, at(1024 + 77))
    expect(errorsOf(image)).toEqual(['Volume "kernel": the contents of 1 blocks do not match their checksum, the first is number 1'])
    const [kernel] = parseUbi(image).volumes
    expect(kernel?.isSound).toBe(false)
    expect(() => volumeBytes(kernel!)).toThrow(expect.objectContaining({ code: 'input/malformed' }))
    expect(volumeBytes(kernel!, { evenIfUnsound: true })).toHaveLength(40_000)
  })

  test('a wrong byte in a volume header loses the block', () => {
    const image = withBlock(3, at(512 + 15))
    expect(errorsOf(image)).toEqual(['Block 3 has no readable volume header', 'Volume "kernel": 1 of its 3 blocks are missing, the first is number 1'])
    expect(parseUbi(image)).toMatchObject({ blocks: { used: 7, damaged: 1 }, volumes: [{ isSound: false, missing: [1] }, { isSound: true }] })
  })

  test('a lost place in a dynamic volume reads as ff and is told', () => {
    const image = withBlock(6, (block) => block.fill(0xff))
    expect(parseUbi(image).volumes[1]).toMatchObject({ missing: [1], isSound: true })
    expect(warningsOf(image)).toEqual(['Volume "rootfs": 1 places before its end hold nothing and read as ff'])
    expect(volumeBytes(parseUbi(image).volumes[1]!).subarray(lebBytes, 2 * lebBytes).every((byte) => byte === 0xff)).toBe(true)
  })

  test('a wrong erase header costs only the wear count', () => {
    const image = withBlock(3, at(9))
    expect(parseUbi(image).problems).toEqual([{ severity: 'warning', blockIndex: 3, message: 'Block 3 has lost its wear count' }])
  })

  test('one damaged copy of the volume table is survived, two are not', () => {
    const image = withBlock(0, at(1024 + 20))
    expect(warningsOf(image)).toEqual(['Copy 1 of the volume table is missing or damaged; the other one counts'])
    expect(parseUbi(image).volumes[0]?.name).toBe('kernel')
    at(16_384 + 1024 + 20)(image)
    expect(errorsOf(image)).toEqual([
      'The volume table is missing or damaged in both copies, so names and kinds of the volumes are unknown',
      'Volume 0: it is not in the volume table', 'Volume 3: it is not in the volume table',
    ])
    expect(volumeBytes(parseUbi(image).volumes[0]!, { evenIfUnsound: true })).toEqual(fixed().data)
  })

  test('a file that is cut off', () => {
    const image = buildUbiImage([fixed()], geometry)
    expect(errorsOf(image.subarray(0, image.length - 1))).toEqual(['Block 4 is cut off: 16383 of 16384 bytes are there', 'Volume "kernel": it should have 3 blocks and has 2'])
    expect(errorsOf(image.subarray(0, 4 * 16_384))).toEqual(['Volume "kernel": it should have 3 blocks and has 2'])
  })

  test('an unfinished copy loses against the block that it was made of', () => {
    const image = buildUbiImage([growing()], geometry, (blocks) => [...blocks, { ...blocks[2]!, contents: noise(100, 9), isCopy: true, dataCrc: 1, sequence: 50 }])
    expect(warningsOf(image)).toEqual(['Block 5 is an unfinished copy of block 2, which counts instead'])
    expect(volumeBytes(parseUbi(image).volumes[0]!)).toEqual(growing().data)
  })

  test('a finished copy wins', () => {
    const moved = noise(lebBytes, 9)
    const image = buildUbiImage([growing()], geometry, (blocks) => [{ ...blocks[2]!, contents: moved, isCopy: true, sequence: 50 }, ...blocks])
    expect(volumeBytes(parseUbi(image).volumes[0]!).subarray(0, lebBytes)).toEqual(moved)
    expect(parseUbi(image).problems).toEqual([])
  })

  test('two blocks that claim one place and one age', () => {
    expect(errorsOf(buildUbiImage([growing()], geometry, (blocks) => [...blocks, { ...blocks[2]!, contents: noise(lebBytes, 9) }])))
      .toEqual(['Blocks 2 and 5 are both piece 0 of volume 3, and neither is newer'])
  })

  test.each([
    ['half an update', { isHalfUpdated: true }, 'an update of it was begun and never finished'],
    ['more blocks than reserved', { reservedBlocks: 2 }, '1 blocks lie beyond its end'],
    ['a file system for other blocks', { data: buildUbifsSuperblock(126_976, 10, 100) }, 'its UBIFS was made for blocks of 126976 bytes and these have 15360'],
    ['a damaged superblock', { data: buildUbifsSuperblock(lebBytes, 10, 100).fill(9, 100, 101) }, 'its UBIFS superblock is damaged'],
  ])('%s', (_, more, message) => {
    const image = buildUbiImage([growing(more)], geometry)
    expect(errorsOf(image)).toEqual([`Volume "rootfs": ${message}`])
    expect(parseUbi(image).volumes[0]?.isSound).toBe(false)
  })

  test('blocks of another image and with impossible figures are left out', () => {
    const image = joinBlocks([
      buildUbiImage([fixed()], geometry),
      buildUbiBlock({ ...geometry, imageSequence: 5 }, { volumeId: 0, number: 0, isStatic: true, contents: noise(9), sequence: 9 }),
      buildUbiBlock(geometry, { volumeId: 0, number: 0xfffffff0, isStatic: false, contents: noise(9) }),
      buildUbiBlock(geometry, { volumeId: 4000, number: 0, isStatic: false, contents: noise(9) }),
    ])
    expect(errorsOf(image)).toEqual(['Block 5 belongs to another UBI image', 'Block 6 has a volume header with impossible figures', 'Block 7 has a volume header with impossible figures'])
    expect(volumeBytes(parseUbi(image).volumes[0]!)).toEqual(fixed().data)
  })

  test('a volume that claims more than anybody has', () => {
    const image = buildUbiImage([fixed()], geometry, (blocks) => blocks.map((block) => block && block.volumeId === 0 ? { ...block, usedBlocks: 0xffffffff } : block))
    expect(errorsOf(image)).toEqual(['Volume "kernel": it should have 4294967295 blocks and has 3'])
  })

  test('more bytes than are wanted', () => {
    const [volume] = parseUbi(buildUbiImage([growing()], geometry)).volumes
    expect(() => volumeBytes(volume!, { maxBytes: 1000 })).toThrow(expect.objectContaining({ code: 'input/too-large' }))
  })
})

describe('anything at all', () => {
  test('bytes without a header, and sizes that cannot be', () => {
    expect(() => parseUbi(noise(50_000))).toThrow(expect.objectContaining({ code: 'input/malformed' }))
    expect(() => parseUbi(new Uint8Array())).toThrow(expect.objectContaining({ code: 'input/malformed' }))
    const image = buildUbiImage([fixed()], geometry)
    for (const eraseBytes of [0, -1, 1024, Number.NaN, 1.5]) expect(() => parseUbi(image, { eraseBytes })).toThrow(expect.objectContaining({ code: 'input/malformed' }))
    expect(parseUbi(image, { eraseBytes: 16_384 }).problems).toEqual([])
  })

  test('any damage gives a result or our own error', () => {
    const image = buildUbiImage([fixed(), growing({ data: buildUbifsSuperblock(lebBytes, 3, 9) })], geometry)
    fc.assert(fc.property(fc.array(fc.tuple(fc.nat(image.length - 1), fc.nat(255)), { maxLength: 40 }), fc.nat(image.length), (changes, length) => {
      const hurt = image.slice(0, length)
      for (const [offset, byte] of changes) if (offset < length) hurt[offset] = byte
      try {
        for (const volume of parseUbi(hurt).volumes) expect(volumeBytes(volume, { evenIfUnsound: true }).length).toBe(volumeLengthBytes(volume))
      } catch (error) { expect(error).toMatchObject({ name: 'WorkbenchError' }) }
    }))
  })

  test('any wrong byte of a static volume is noticed', () => {
    const image = buildUbiImage([fixed()], geometry)
    fc.assert(fc.property(fc.nat(2), fc.nat(9_000), fc.integer({ min: 1, max: 255 }), (number, offset, flip) => {
      const hurt = image.slice()
      const place = (2 + number) * 16_384 + 1024 + offset
      hurt[place] = (hurt[place] ?? 0) ^ flip
      expect(parseUbi(hurt).volumes[0]?.isSound).toBe(false)
    }))
  })

  test('a table of the wrong length or with one name twice is no table', () => {
    const twice = [fixed(), fixed({ id: 1, data: noise(5) })]
    const image = buildUbiImage(twice, geometry)
    expect(errorsOf(image)[0]).toContain('The volume table is missing or damaged')
    expect(buildVolumeTable(twice, lebBytes)).toHaveLength(89 * 172)
  })
})

describe('file systems by their first bytes', () => {
  test('UBIFS and squashfs', () => {
    expect(fileSystemOf(buildUbifsSuperblock(126_976, 80, 900))).toEqual({ kind: 'ubifs', lebBytes: 126_976, lebs: 80, maxLebs: 900, minIoBytes: 2048, crcOk: true })
    expect(fileSystemOf(buildSquashfsSuperblock(4_374_528))).toEqual({ kind: 'squashfs', usedBytes: 4_374_528, blockBytes: 131_072, compression: 'xz' })
  })

  test('the kind of a volume comes with it', () => {
    const parsed = parseUbi(buildUbiImage([fixed({ data: buildSquashfsSuperblock(96) }), growing({ data: buildUbifsSuperblock(lebBytes, 3, 9) })], geometry))
    expect(parsed.volumes.map(({ fileSystem }) => fileSystem?.kind)).toEqual(['squashfs', 'ubifs'])
  })

  test('noise is nothing', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => { expect(fileSystemOf(bytes)).toBeUndefined() }))
    for (const cut of [0, 4, 50, 95]) expect(fileSystemOf(buildSquashfsSuperblock(500).subarray(0, cut))).toBeUndefined()
  })
})
