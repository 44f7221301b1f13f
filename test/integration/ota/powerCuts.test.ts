import { describe, expect, test } from 'vitest'
import type { MemoryFsOptions } from '../../../src/main/sim/disk/memoryFs.ts'
import { fiftyFiles, type UpdateCase } from '../../support/otaRig.ts'
import { cutPowerEverywhere } from '../../support/powerCuts.ts'

const plain = { replaces: false, links: false, modes: false }
const devices: readonly (readonly [string, MemoryFsOptions, number])[] = [
  ['a disk that forgets what was not synced', {}, 1],
  ['one whose renames cannot replace', { abilities: plain }, 0],
  ['one that leaves a file under both names', { mayLeaveBoth: true }, 0],
  ['a board without sync, whose calls are durable at once', { abilities: { ...plain, syncs: false } }, 0],
]

const fewFiles: UpdateCase = {
  old: { 'a.py': 'old a', 'b/b.py': 'old b', 'gone.py': 'old gone', 'was-file': 'a file whose place a folder takes' },
  next: { 'a.py': 'new a', 'b/b.py': 'new b', 'c/d/added.py': '', 'was-file/inside.py': 'new' },
}
const links = [{ target: 'versions/previous', from: 'v1', to: 'v2' }, { target: 'versions/current', from: 'v2', to: 'v3' }, { target: 'versions/first', from: null, to: 'v1' }, { target: 'versions/gone', from: 'v0', to: null }]

describe('1.25 the power goes after every call of an update of 50 files: the device is old or new, and says so', () => {
  test.each(devices)('%s', async (_name, options, again) => {
    const result = await cutPowerEverywhere({ update: fiftyFiles(), options, outcomes: 1, seed: 1, again })
    expect(result.failures.slice(0, 5)).toEqual([])
    expect(result.ended.old).toBeGreaterThan(500)
    expect(result.ended.new).toBeGreaterThan(50)
    // With the other devices it is more than four thousand.
    expect(result.points).toBeGreaterThan(900 * (again + 1))
  })

  test('the power goes in the middle of each write and each sync as well', async () => {
    const result = await cutPowerEverywhere({ update: fewFiles, options: { durability: 'through' }, outcomes: 4, seed: 9, again: 3 })
    expect(result.failures.slice(0, 5)).toEqual([])
  })
})

describe('links and files are one transaction', () => {
  test.each(devices.slice(0, 1))('%s: files and the links of two versions', async (_name, options) => {
    const result = await cutPowerEverywhere({ update: { ...fewFiles, links }, options, outcomes: 3, seed: 5, again: 3 })
    expect(result.failures.slice(0, 5)).toEqual([])
    expect(result.ended.old * result.ended.new).toBeGreaterThan(0)
  })
  test('where a rename cannot replace a link', async () => {
    const result = await cutPowerEverywhere({ update: { ...fewFiles, links }, options: { abilities: { replaces: false } }, outcomes: 3, seed: 6, again: 3 })
    expect(result.failures.slice(0, 5)).toEqual([])
  })
})
