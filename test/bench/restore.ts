import { createRig } from '../support/restoreRig.ts'
import type { Job } from '../../src/shared/jobs/reduceJob.ts'
import type { BenchRow } from './row.ts'

/** Published run, one step after the other: boot ROM 26 s, staging 50 s, four partitions 7.5 + 11.7 + 15.7 + 8.3 s. */
const serialSeconds = 119.2

/** Until the last byte was proved and the reset typed: what the published figures cover. */
function provedSeconds(job: Job): number {
  const boot = job.phases.find(({ name }) => name === 'boot-seen')?.elapsedMs ?? 0
  return ((job.elapsedMs ?? Number.NaN) - boot) / 1000
}

/** The published layout on the virtual clock, at the simulator's calibrated speed. */
export async function restoreRows(): Promise<BenchRow[]> {
  const rig = createRig({ speed: 'real' })
  try {
    const first = await rig.restore()
    const second = await rig.restore()
    for (const job of [first, second]) if (job.verdict !== 'restored and booted') throw new Error(`bench restore ended as ${job.verdict ?? job.state}: ${job.error?.message ?? ''}`)
    const proved = provedSeconds(first)
    const again = provedSeconds(second)
    return [
      { name: 'restore, published layout (virtual clock)', value: proved, unit: 's', goal: '<= 75', ok: proved <= 75 },
      { name: 'restore, login seen as well', value: (first.elapsedMs ?? 0) / 1000, unit: 's', goal: '<= 75', ok: (first.elapsedMs ?? Infinity) <= 75_000 },
      { name: 'restore against the serial schedule of 119 s', value: serialSeconds / proved, unit: 'x', goal: '>= 1.58', ok: serialSeconds / proved >= 1.58 },
      { name: 'restore again, nothing to write', value: again, unit: 's', goal: '<= 35', ok: again <= 35 },
      { name: 'restore again, login seen as well', value: (second.elapsedMs ?? 0) / 1000, unit: 's', goal: '<= 35', ok: (second.elapsedMs ?? Infinity) <= 35_000 },
    ]
  } finally {
    await rig.close()
  }
}
