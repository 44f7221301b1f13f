import type { BatchPlan, BatchTarget } from '../../../shared/batch/batchPlan.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { parseEnvironmentImage } from '../../protocols/uboot/environmentImage.ts'
import { identityFacts } from '../rack/identity.ts'
import type { RestoreInput } from '../workflows/restore/rawInput.ts'

/** Environments begin with an erase block. */
const blockBytes = 0x10000
const largestEnvironmentBytes = 0x40000
const shownNames = 6

export interface PlanFacts {
  readonly plan: BatchPlan
  /** All that the plan means, whichever bench works on them. */
  readonly targets: readonly BatchTarget[]
  /** The bench that has them lacks the system's own program. */
  readonly withoutPing: readonly BatchTarget[]
  /** Nobody has said where their pictures are. */
  readonly withoutAddress: readonly BatchTarget[]
  /** What is wrong with an image, or whose it is. */
  readonly images: readonly { readonly name: string; readonly problem?: string | undefined; readonly mac?: string | undefined }[]
}

export interface PlanCheck {
  /** With it no attempt could be judged, so nothing is begun. */
  readonly problem?: WorkbenchError
  readonly warnings: readonly string[]
}

/** The address of the one camera that an image was read from; `undefined` where its environment is empty, or has one that no camera can be told by. */
export function addressIn({ parts }: Pick<RestoreInput, 'parts'>): string | undefined {
  for (const { bytes } of parts) {
    for (let at = 0; at < bytes.length; at += blockBytes) {
      const mac = parseEnvironmentImage(bytes.subarray(at, at + largestEnvironmentBytes))?.variables.get('ethaddr')
      const known = identityFacts({ mac }).mac
      if (known !== undefined) return known
    }
  }
  return undefined
}

const named = (targets: readonly BatchTarget[]): string =>
  `${targets.slice(0, shownNames).map(({ name }) => name).join(', ')}${targets.length > shownNames ? ` and ${targets.length - shownNames} more` : ''}`

/** What can be known of a plan before its first attempt, and would else be found out in the night. */
export function checkPlan(facts: PlanFacts): PlanCheck {
  const problem = problemOf(facts)
  return { ...(problem ? { problem } : {}), warnings: [...lackWarnings(facts), ...imageWarnings(facts)] }
}

function problemOf({ plan: { checks }, targets, withoutPing, withoutAddress }: PlanFacts): WorkbenchError | undefined {
  if (targets.length === 0) return undefined
  if (checks.ping && withoutPing.length === targets.length) {
    return new WorkbenchError('host/io', `There is no ping on the computer that has ${named(withoutPing)}, so no attempt of this plan could be judged`, { hint: 'On Debian it is in the package iputils-ping; or take "ping" out of the checks' })
  }
  if ((checks.ping || checks.snapshot) && withoutAddress.length === targets.length) {
    return new WorkbenchError('input/not-found', `Nobody has said where the picture of ${named(withoutAddress)} is, so no attempt of this plan could be judged`, { hint: '"rackbench rack picture" says it; or take "ping" and "snapshot" out of the checks' })
  }
  return undefined
}

/** What all of them lack is a problem already. */
function lackWarnings({ plan: { checks }, targets, withoutPing, withoutAddress }: PlanFacts): string[] {
  const some = (lacking: readonly BatchTarget[]): boolean => lacking.length > 0 && lacking.length < targets.length
  return [
    ...(checks.ping && some(withoutPing) ? [`There is no ping on the computer that has ${named(withoutPing)}: there no attempt can be judged`] : []),
    ...((checks.ping || checks.snapshot) && some(withoutAddress) ? [`Nobody has said where the picture of ${named(withoutAddress)} is: there the ${checks.ping ? 'ping' : 'picture'} cannot be judged`] : []),
  ]
}

function imageWarnings({ plan, targets, images }: PlanFacts): string[] {
  const rounds = plan.images.length * plan.cycles
  return images.flatMap(({ name, problem, mac }) => {
    if (problem !== undefined) return [`${name}: ${problem}`]
    if (mac === undefined || (targets.length < 2 && rounds < 2)) return []
    const later = rounds > 1 ? ', and before its next restore it is refused as not the camera that is known there, which stops the batch' : ''
    return [`${name} is the dump of one camera, with its environment and its MAC address ${mac}. Every other camera that gets it has that address too${later}. Take an image whose environment is empty, or install a release, which keeps who each camera is.`]
  })
}
