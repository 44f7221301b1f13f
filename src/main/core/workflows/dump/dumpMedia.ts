import type { FlashKind } from '../../../../shared/restore/restore.schema.ts'
import { probeFlash } from '../restore/cameraPhases.ts'
import { readFlash } from '../restore/flashProof.ts'
import { createEmmcDump } from './dumpEmmc.ts'
import type { DumpMedium, DumpMediumBench } from './dumpMedium.ts'
import { createNandDump } from './dumpNand.ts'

export function createDumpMedium(kind: FlashKind, bench: DumpMediumBench): DumpMedium {
  if (kind === 'nand') return createNandDump(bench)
  if (kind === 'emmc') return createEmmcDump(bench)
  return {
    kind, probe: probeFlash, layOut: (layout) => layout, facts: () => ({ kind }),
    select: async (session, signal) => { await probeFlash(session, signal) },
    read: async (session, range, signal) => readFlash(session, range, bench.loadAddress, bench.newPoison, signal),
  }
}
