import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NewDigest } from '../../../shared/ota/digest.ts'
import { joinBytes } from '../../../shared/lifecycle/byteQueue.ts'
import { type DeltaFault, deltaFaultOf, maxCopyBytes, maxInsertBytes } from './frame.ts'
import { generateDelta } from './generateDelta.ts'
import { applyDelta, type ReadAt, readBytesAt } from './parser.ts'
import { createDeltaWriter, encodeVarint } from './writer.ts'

const newDigest: NewDigest = (algorithm) => { const hash = createHash(algorithm); return { update: (bytes) => { hash.update(bytes) }, hex: () => hash.digest('hex') } }
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const text = (words: string): Uint8Array => new TextEncoder().encode(words)
const hex = (digits: string): Uint8Array => Uint8Array.from(Buffer.from(digits.replaceAll(' ', ''), 'hex'))
const signal = new AbortController().signal

async function apply(older: Uint8Array, delta: Uint8Array, wanted: string, sizeBytes?: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = []
  for await (const piece of applyDelta({ delta: readBytesAt(delta), older: readBytesAt(older), sha256: wanted, newDigest, signal, ...(sizeBytes === undefined ? {} : { sizeBytes }) })) pieces.push(Uint8Array.from(piece))
  return joinBytes(pieces)
}
const fails = async (delta: Uint8Array, fault: DeltaFault, older = text('Hello World!')): Promise<void> => {
  const error: unknown = await apply(older, delta, sha256(text('Hello Python!'))).then(() => undefined, (reason: unknown) => reason)
  expect([deltaFaultOf(error), error]).toMatchObject([fault, { code: 'input/malformed' }])
}

const worked = hex('4f544144454c5441 01 010006 0207507974686f6e21 ff')
const header = worked.subarray(0, 9)
const after = (digits: string): Uint8Array => joinBytes([header, hex(digits)])

test.each([[0, '00'], [1, '01'], [42, '2a'], [127, '7f'], [128, '8001'], [300, 'ac02'], [4096, '8020'], [16384, '808001'], [2 ** 32 - 1, 'ffffffff0f']])('1.11 the number %d is written as %s', async (value, digits) => {
  expect(Buffer.from(encodeVarint(value)).toString('hex')).toBe(digits)
  // Read back as the place a copy begins at: one that is there for the small ones, else behind the end of the old file.
  const older = new Uint8Array(16_385).map((_, at) => at % 251)
  if (value < older.length) expect(await apply(older, after(`01${digits}01ff`), sha256(older.subarray(value, value + 1)))).toEqual(older.subarray(value, value + 1))
  else await fails(after(`01${digits}01ff`), 'DELTA_OLD_EOF', older)
})

test('1.11 a number of six bytes, or of more than 32 bits, is too large', async () => {
  await fails(after('01 808080808001 01 ff'), 'DELTA_VARINT_TOO_LARGE')
  await fails(after('01 ffffffff1f 01 ff'), 'DELTA_VARINT_TOO_LARGE')
})

test('1.12 the worked example', async () => {
  const made = await apply(text('Hello World!'), worked, '7ec44369a10081efbbc46c0b9e8af3e7d98c9034fd16b316668a6ed97a018c4f')
  expect(new TextDecoder().decode(made)).toBe('Hello Python!')
})

test('1.13 without its end it is cut off, wherever it is cut', async () => {
  await fails(worked.subarray(0, -1), 'DELTA_EOF')
  for (let end = 9; end < worked.length; end += 1) await fails(worked.subarray(0, end), 'DELTA_EOF')
  for (let end = 0; end < 9; end += 1) await fails(worked.subarray(0, end), 'DELTA_TOO_SHORT')
})

test('1.14 another beginning, another version and an unknown instruction each have a name', async () => {
  await fails(joinBytes([text('OTADELTB'), hex('01ff')]), 'DELTA_BAD_MAGIC')
  await fails(joinBytes([text('OTADELTA'), hex('02ff')]), 'DELTA_BAD_VERSION')
  await fails(after('7a ff'), 'DELTA_UNKNOWN_OPCODE')
})

test('1.15 a copy of 4,096 and an insert of 2,048 bytes pass, one more does not', async () => {
  const older = new Uint8Array(5000).fill(7)
  expect(await apply(older, after('01 00 8020 ff'), sha256(older.subarray(0, 4096)))).toHaveLength(maxCopyBytes)
  await fails(after('01 00 8120 ff'), 'DELTA_COPY_TOO_LARGE', older)
  const full = joinBytes([after('02 8010'), older.subarray(0, 2048), hex('ff')])
  expect(await apply(older, full, sha256(older.subarray(0, 2048)))).toHaveLength(maxInsertBytes)
  await fails(joinBytes([after('02 8110'), older.subarray(0, 2049), hex('ff')]), 'DELTA_INSERT_TOO_LARGE', older)
})

test('1.16 a copy past the end of the old file', async () => {
  await fails(after('01 0a06 ff'), 'DELTA_OLD_EOF')
})

/** Counts what one reader has read and not yet given out. */
function counted(bytes: Uint8Array): { readonly source: ReadAt; readonly largest: () => number; readonly total: () => number } {
  let largest = 0
  let total = 0
  return {
    source: { read: async (offset, length) => { largest = Math.max(largest, length); total += Math.min(length, bytes.length - offset); return bytes.subarray(offset, offset + length) } },
    largest: () => largest, total: () => total,
  }
}

test('1.17 a delta of 50 KB: never more than 64 unread bytes, and at most 6 KB held in all', async () => {
  const noise = joinBytes(Array.from({ length: 3750 }, (_, at) => Uint8Array.from(createHash('sha256').update(String(at)).digest())))
  const older = noise.subarray(0, 80_000)
  // Every third stretch of 500 bytes is new, and so is the end.
  const newer = noise.slice(0, 110_000).map((byte, at) => (at < 80_000 && Math.floor(at / 500) % 3 === 0 ? byte ^ 0x55 : byte))
  const delta = generateDelta(older, newer)
  expect(delta.length).toBeGreaterThan(50_000)
  const watched = counted(delta)
  const old = counted(older)
  let givenOut = 0
  let largestPiece = 0
  const hash = createHash('sha256')
  for await (const piece of applyDelta({ delta: watched.source, older: old.source, sha256: sha256(newer), newDigest, signal })) {
    givenOut += piece.length
    largestPiece = Math.max(largestPiece, piece.length)
    hash.update(piece)
  }
  expect([givenOut, hash.digest('hex')]).toEqual([newer.length, sha256(newer)])
  expect(watched.largest()).toBe(64)
  // Each byte is read once: a second read of the same place would mean that it held, and dropped, more.
  expect(watched.total()).toBe(delta.length)
  // Its window, one piece of the old file, one piece on the way out, and the state of SHA-256 (under 256 bytes).
  expect(watched.largest() + old.largest() + largestPiece + 256).toBeLessThan(6 * 1024)
})

test('1.18 from a file in pieces and from memory: the same bytes and the same errors', async () => {
  const older = text('Hello World! '.repeat(300))
  const newer = text('Hello there, World! '.repeat(290))
  const delta = generateDelta(older, newer)
  const stingy = (bytes: Uint8Array): ReadAt => ({ read: async (offset, length) => bytes.slice(offset, offset + Math.max(1, length >> 3)) })
  for (const end of [delta.length, delta.length - 1, 40, 20, 9, 8]) {
    const run = async (wrap: (bytes: Uint8Array) => ReadAt): Promise<unknown> => {
      const pieces: Uint8Array[] = []
      try {
        for await (const piece of applyDelta({ delta: wrap(delta.subarray(0, end)), older: wrap(older), sha256: sha256(newer), newDigest, signal })) pieces.push(Uint8Array.from(piece))
        return Buffer.from(joinBytes(pieces)).toString('hex')
      } catch (error) { return deltaFaultOf(error) }
    }
    expect(await run(stingy)).toEqual(await run(readBytesAt))
  }
})

test('1.19 whatever the two files: applying what was generated gives the new one', async () => {
  const part = fc.uint8Array({ maxLength: 300 })
  const pair = fc.tuple(fc.array(part, { maxLength: 8 }), fc.array(fc.oneof(fc.nat(7), part), { maxLength: 10 }))
    .map(([parts, plan]) => [joinBytes(parts), joinBytes(plan.map((each) => (typeof each === 'number' ? parts[each] ?? new Uint8Array() : each)))] as const)
  await fc.assert(fc.asyncProperty(pair, async ([older, newer]) => {
    expect(Buffer.from(await apply(older, generateDelta(older, newer), sha256(newer), newer.length)).equals(newer)).toBe(true)
  }), { numRuns: 1000 })
})

test('1.19 a long equal run is split into copies that a device takes', async () => {
  const older = new Uint8Array(20_000).map((_, at) => (at * 7 + (at >> 8)) & 0xff)
  const newer = joinBytes([older.subarray(0, 10_000), Uint8Array.of(1, 2, 3), older.subarray(10_000)])
  const delta = generateDelta(older, newer)
  expect(delta.length).toBeLessThan(100)
  expect(Buffer.from(await apply(older, delta, sha256(newer))).equals(newer)).toBe(true)
})

test('bytes after the end are ignored, and told', async () => {
  let told = 0
  for await (const piece of applyDelta({ delta: readBytesAt(joinBytes([worked, hex('00')])), older: readBytesAt(text('Hello World!')), sha256: sha256(text('Hello Python!')), newDigest, signal, onTrailing: () => { told += 1 } })) expect(piece.length).toBeGreaterThan(0)
  expect(told).toBe(1)
})

test('another old file is seen at the end; more bytes than promised are not given out', async () => {
  await fails(worked, 'DELTA_HASH_MISMATCH', text('Holla World!'))
  const flood = createDeltaWriter()
  for (let round = 0; round < 1000; round += 1) flood.copy(0, 4096)
  await expect(apply(new Uint8Array(4096), flood.finish(), sha256(text('')), 10_000)).rejects.toMatchObject({ context: { reason: 'DELTA_OUTPUT_TOO_LARGE' } })
})

test('noise ends in words, never in a loop', async () => {
  await fc.assert(fc.asyncProperty(fc.uint8Array({ maxLength: 400 }), async (noise) => {
    const error: unknown = await apply(text('Hello World!'), joinBytes([header, noise]), sha256(text('no')), 100_000).then(() => undefined, (reason: unknown) => reason)
    expect(deltaFaultOf(error)).toBeDefined()
  }))
})

test('a changed line in a large text costs little more than the line', () => {
  const older = text(Array.from({ length: 8000 }, (_, at) => `def handler_${at}(message): return message.topic == "rack/${at * 7919 % 8000}/state"`).join('\n'))
  const newer = text(new TextDecoder().decode(older).replace('handler_4000(message)', 'handler_4000(message, retained=False)'))
  // 600 KB need 150 copies of 4,096 bytes whatever is done, of up to six bytes each.
  expect(generateDelta(older, newer).length).toBeLessThan(Math.ceil(older.length / maxCopyBytes) * 6 + 80)
})
