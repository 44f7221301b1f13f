import { performance } from 'node:perf_hooks'
import { parseUbi } from '../../src/main/protocols/ubi/parser.ts'
import { buildUbiImage, type TestVolume } from '../support/ubiBuilder.ts'
import type { BenchRow } from './row.ts'

const mib = 1024 * 1024
const imageBytes = 128 * mib
const rounds = 5

/** A whole 128 MiB flash: 96 MiB under checksums, the rest a growing file system, blocks in the order in which wear levelling leaves them. */
export async function ubiRows(): Promise<BenchRow[]> {
  const image = makeImage()
  const memory = (): number => process.memoryUsage().heapUsed + process.memoryUsage().arrayBuffers
  const took: number[] = []
  let mostBytes = 0
  for (let round = 0; round < rounds; round += 1) {
    const before = memory()
    const startedMs = performance.now()
    const parsed = parseUbi(image)
    took.push(performance.now() - startedMs)
    mostBytes = Math.max(mostBytes, memory() - before)
    if (parsed.problems.length > 0 || parsed.volumes.some(({ isSound }) => !isSound)) throw new Error(`the bench's own image has problems: ${parsed.problems[0]?.message ?? ''}`)
  }
  const best = Math.round(Math.min(...took))
  const slowest = Math.round(Math.max(...took))
  const memoryMib = Math.round(mostBytes / mib * 10) / 10
  return [
    { name: 'UBI image of 128 MiB read, checksums included', value: best, unit: 'ms', goal: 'under 1000', ok: slowest < 1000 },
    { name: 'UBI image of 128 MiB, memory besides the image', value: memoryMib, unit: 'MiB', goal: 'under 300', ok: memoryMib < 300 },
  ]
}

function makeImage(): Uint8Array {
  const geometry = { eraseBytes: 128 * 1024 }
  const lebBytes = 124 * 1024
  const fill = (lengthBytes: number, seed: number): Uint8Array => {
    const words = new Uint32Array(lengthBytes / 4)
    for (let index = 0; index < words.length; index += 1) words[index] = Math.imul(index + seed, 2_654_435_761)
    return new Uint8Array(words.buffer)
  }
  const total = imageBytes / geometry.eraseBytes
  const fixedBlocks = Math.floor(96 * mib / lebBytes)
  const volumes: readonly TestVolume[] = [
    { id: 0, name: 'kernel', kind: 'static', data: fill(fixedBlocks * lebBytes, 1), reservedBlocks: fixedBlocks },
    { id: 1, name: 'rootfs', kind: 'dynamic', data: fill((total - 2 - fixedBlocks) * lebBytes, 2), reservedBlocks: total },
  ]
  return buildUbiImage(volumes, geometry, (blocks) => blocks.toReversed())
}
