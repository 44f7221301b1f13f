import { probeFlash } from './cameraPhases.ts'
import { createEmmcMedium } from './emmcMedium.ts'
import type { Medium, MediumBench } from './flashMedium.ts'
import { flashCrc, readFlash } from './flashProof.ts'
import { createNandMedium } from './nandMedium.ts'

export function createMedium(bench: MediumBench): Medium {
  const { plan, newPoison } = bench
  const kind = plan.flash?.kind ?? plan.request.flashType
  if (kind === 'nand') return createNandMedium(bench)
  if (kind === 'emmc') return createEmmcMedium(bench)
  return {
    probe: probeFlash,
    currentCrc: async (session, planned, signal) => flashCrc(session, planned, plan.proofAddress, newPoison, signal),
    readRaw: async (session, range, signal) => readFlash(session, range, plan.proofAddress, newPoison, signal),
  }
}
