import { type WireError, toWire, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { isOverSsh, type UpdateDevice, type UpdatePlan, type UpdateRelease, type UpdateWish } from '../../../../shared/ota/deviceUpdate.schema.ts'
import type { ToldVersion } from './updateWorkflow.ts'

/** What a kind of device adds to a plan. */
export interface UpdateParts extends Pick<UpdatePlan, 'units' | 'files' | 'deletes' | 'phases' | 'warnings'> {
  readonly release?: UpdateRelease | undefined
  readonly sha256?: string | undefined
  readonly refusals: readonly WorkbenchError[]
}

export interface UpdateFacts {
  readonly wish: UpdateWish
  readonly device: UpdateDevice
  readonly told: ToldVersion
  readonly parts: UpdateParts
}

export function planUpdate({ wish, device, told, parts }: UpdateFacts, hashHex: (algorithm: 'sha256', bytes: Uint8Array) => string): UpdatePlan {
  const { name, kind, address } = device
  const facts = { request: wish, kind, from: told.version, to: wish.version, sha256: parts.sha256, units: parts.units, files: parts.files, deletes: parts.deletes }
  const refusals: WireError[] = [...commonRefusals({ wish, device, told }), ...parts.refusals].map(toWire)
  return {
    ...facts, hash: hashHex('sha256', new TextEncoder().encode(JSON.stringify({ ...facts, address }))),
    cameraName: name, podName: name, chip: kind === 'appliance' ? 'Linux appliance' : 'MicroPython', flashBytes: 0, partitions: [],
    release: parts.release, phases: parts.phases, warnings: [...(told.recovered === undefined ? [] : [told.recovered]), ...parts.warnings], refusals,
    forecastMs: parts.phases.reduce((sum, { forecastMs }) => sum + forecastMs, 0),
  }
}

function commonRefusals({ wish: { act, version }, device: { name, kind, address }, told }: Omit<UpdateFacts, 'parts'>): WorkbenchError[] {
  // Without a reading before and after nothing could be proved.
  if (told.version === undefined && kind === 'appliance' && !isOverSsh(address)) return [new WorkbenchError('input/not-supported', `The updater of ${name} does not tell which version runs, so no update could be proved`, { hint: 'rackbench deploy installs a package there, and takes the word of the updater' })]
  if (told.version === version) return [new WorkbenchError('input/conflict', `${name} reports ${version} already`)]
  if (act === 'rollback' && told.previous !== version) return [new WorkbenchError('input/not-found', told.previous === undefined ? `${name} has no version before` : `The version before is ${told.previous}, and not ${version}`)]
  return []
}

export function checkUpdateStartable(plan: UpdatePlan, plannedHash: string): void {
  const [refusal] = plan.refusals
  if (refusal) throw new WorkbenchError(refusal.code, refusal.message, { context: refusal.context, hint: refusal.hint })
  if (plan.hash !== plannedHash) throw new WorkbenchError('input/conflict', 'The device or its release has changed since this plan was made', { hint: 'Make the plan again and look at it' })
}
