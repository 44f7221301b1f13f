import { describe, expect, test } from 'vitest'
import type { MemoryFsOptions } from '../../../src/main/sim/disk/memoryFs.ts'
import { fiftyFiles } from '../../support/otaRig.ts'
import { cutPowerEverywhere } from '../../support/powerCuts.ts'

const devices: readonly (readonly [string, MemoryFsOptions, number])[] = [
  ['a disk that forgets what was not synced', {}, 3],
  ['one that leaves a file under both names', { mayLeaveBoth: true }, 1],
  ['one whose renames cannot replace', { abilities: { replaces: false, links: false, modes: false } }, 2],
  ['a board without sync, whose calls are durable at once', { abilities: { replaces: false, links: false, modes: false, syncs: false } }, 1],
]

describe('1.25 the power goes after every call of an update of 50 files: the device is old or new, and says so', () => {
  test.each(devices)('%s', async (_name, options, outcomes) => {
    const result = await cutPowerEverywhere({ update: fiftyFiles(), options, outcomes, seed: 1, again: 1 })
    expect(result.failures.slice(0, 5)).toEqual([])
    expect(result.ended.old).toBeGreaterThan(100)
    expect(result.ended.new).toBeGreaterThan(10)
    expect(result.points).toBeGreaterThan(600)
  })
})
