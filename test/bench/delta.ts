import { generateDelta } from '../../src/main/protocols/delta/generateDelta.ts'
import { hasDeltaPeer, peerDeltaBytes } from '../support/deltaPeers.ts'
import { editedTextTree } from '../support/textTree.ts'
import type { BenchRow } from './row.ts'

/** How long a release waits for its deltas, and how large they are beside those of others. */
export async function deltaRows(): Promise<BenchRow[]> {
  const pairs = editedTextTree()
  const all = { older: Buffer.concat(pairs.map(({ older }) => older)), newer: Buffer.concat(pairs.map(({ newer }) => newer)) }
  // Once unmeasured: the first run compiles.
  generateDelta(all.older.subarray(0, 100_000), all.newer.subarray(0, 100_000))
  const started = performance.now()
  let ours = 0
  for (const { older, newer } of pairs) ours += generateDelta(older, newer).length
  const treeSeconds = (performance.now() - started) / 1000
  const again = performance.now()
  generateDelta(all.older, all.newer)
  const fileSeconds = (performance.now() - again) / 1000
  return [
    { name: 'deltas of a text tree of 1 MB, file by file', value: treeSeconds, unit: 's', goal: 'under 1 s', ok: treeSeconds < 1 },
    { name: 'delta of one text file of 1 MB', value: fileSeconds, unit: 's', goal: 'under 1 s', ok: fileSeconds < 1 },
    ...(hasDeltaPeer('xdelta3') ? [besideXdelta(ours / peerDeltaBytes('xdelta3', pairs))] : []),
    ...(hasDeltaPeer('bsdiff') ? [besideBsdiff(ours / peerDeltaBytes('bsdiff', pairs))] : []),
  ]
}

const besideXdelta = (ratio: number): BenchRow => ({ name: 'deltas of that tree: bytes beside xdelta3', value: ratio, unit: 'x', goal: 'at most 1.3', ok: ratio <= 1.3 })
/** Its three packed streams cost a small file more than they save, and no board could unpack them. */
const besideBsdiff = (ratio: number): BenchRow => ({ name: 'deltas of that tree: bytes beside bsdiff', value: ratio, unit: 'x', goal: 'at most 1.3', ok: ratio <= 1.3 })
