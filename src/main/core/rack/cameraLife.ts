import type { PowerState } from '../../../shared/devices/power.ts'
import { isFinished, type Job } from '../../../shared/jobs/reduceJob.ts'
import type { CameraLife, PodView } from '../../../shared/rack/rackView.schema.ts'
import type { BootView } from '../consoles/bootWatch.ts'

export interface LifeFacts {
  readonly power: PowerState
  readonly boot: BootView
  readonly job: Job | undefined
  readonly reach: PodView['state']
  readonly consoleState: 'open' | 'connecting' | 'closed' | 'lent' | 'released'
}

/** The one word on the card. A running job explains everything else; a failed one stays until the camera was seen to boot again. */
export function lifeOf({ power, boot, job, reach, consoleState }: LifeFacts): { readonly life: CameraLife; readonly lifeNote: string } {
  if (job && !isFinished(job)) {
    const title = job.plan.phases.find(({ name }) => name === job.phase)?.title ?? 'starting'
    return { life: 'working', lifeNote: title.toLowerCase() }
  }
  if (power === 'off') return { life: 'off', lifeNote: '' }
  if (reach === 'unreachable') return { life: 'unknown', lifeNote: 'pod silent' }
  if (job?.state === 'failed' && !bootedSince(boot, job)) return { life: 'failed', lifeNote: failedNote(job) }
  if (consoleState === 'closed') return { life: 'unknown', lifeNote: 'console lost' }
  if (consoleState === 'released') return { life: 'unknown', lifeNote: 'console released' }
  return { life: boot.life, lifeNote: boot.note }
}

/** A job that only missed the boot is answered by a login; one that found wrong content in flash is not. */
const bootedSince = (boot: BootView, job: Job): boolean => (job.verdict === 'restored, boot not seen' || job.verdict === 'installed, boot not seen') && boot.life === 'booted'

function failedNote(job: Job): string {
  const wrong = job.partitions.find(({ state }) => state === 'mismatch' || state === 'unknown')
  return wrong ? `${wrong.name} ${wrong.state === 'mismatch' ? 'CRC' : 'unknown'}` : (job.verdict ?? 'failed')
}
