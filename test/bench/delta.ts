import { generateDelta } from '../../src/main/protocols/delta/generateDelta.ts'
import { editedTextTree } from '../support/textTree.ts'
import type { BenchRow } from './row.ts'

/** How long a release waits for its deltas; their size is compared with another program's in test/peers. */
export async function deltaRows(): Promise<BenchRow[]> {
  const pairs = editedTextTree()
  const all = { older: Buffer.concat(pairs.map(({ older }) => older)), newer: Buffer.concat(pairs.map(({ newer }) => newer)) }
  // Once unmeasured: the first run compiles.
  generateDelta(all.older.subarray(0, 100_000), all.newer.subarray(0, 100_000))
  const started = performance.now()
  for (const { older, newer } of pairs) generateDelta(older, newer)
  const treeSeconds = (performance.now() - started) / 1000
  const again = performance.now()
  generateDelta(all.older, all.newer)
  const fileSeconds = (performance.now() - again) / 1000
  return [
    { name: 'deltas of a text tree of 1 MB, file by file', value: treeSeconds, unit: 's', goal: 'under 1 s', ok: treeSeconds < 1 },
    { name: 'delta of one text file of 1 MB', value: fileSeconds, unit: 's', goal: 'under 1 s', ok: fileSeconds < 1 },
  ]
}
