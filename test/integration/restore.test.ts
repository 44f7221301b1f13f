import { afterEach, expect, test } from 'vitest'
import { referenceLayoutImages } from '../../src/main/sim/referenceLayout.ts'
import { cellsHold, createRig, type Rig, type RigOptions } from '../support/restoreRig.ts'

let rig: Rig | undefined
afterEach(async () => { await rig?.close(); rig = undefined })
const open = (options?: RigOptions): Rig => (rig = createRig(options))

test('a healthy camera is restored, read back and seen to boot', async () => {
  const { pod, restore } = open()
  const job = await restore()
  expect(job.error).toBeUndefined()
  expect(job.verdict).toBe('restored and booted')
  expect(job.partitions.map(({ name, state, action }) => ({ name, state, action }))).toEqual([
    { name: 'mtd3', state: 'proved', action: 'written' }, { name: 'mtd2', state: 'proved', action: 'written' },
    { name: 'mtd1', state: 'proved', action: 'written' }, { name: 'mtd0', state: 'proved', action: 'written' },
  ])
  for (const part of job.partitions) expect(part.readBackCrc32).toBe(part.crc32)
  expect(cellsHold(pod, job, referenceLayoutImages())).toBe(true)
  expect(pod.staged()).toEqual([])
})
