import { WorkbenchError } from '../errors/workbenchError.ts'
import type { PowerController } from './power.ts'

/**
 * `on-off`: the line has to be quiet before the work begins, and power comes back while it already runs.
 * `cycle`: one cut at the right moment. `manual-ok`: nothing is switched; a person does it when told.
 */
export type PowerNeed = 'on-off' | 'cycle' | 'manual-ok'

/** How a workflow gets a camera into its boot ROM. `pod`: the pod does the whole sequence by itself. */
export type PoweredWork = 'burn' | 'install' | 'restore' | 'restore-by-pod' | 'agent'

const needs: Readonly<Record<PoweredWork, PowerNeed>> = {
  'burn': 'cycle', 'install': 'cycle', 'restore': 'on-off', 'restore-by-pod': 'cycle', 'agent': 'manual-ok',
}

export const powerNeedOf = (work: PoweredWork): PowerNeed => needs[work]

export type OfferedPower = Pick<PowerController, 'ability' | 'label'> | undefined

export type PowerFit =
  /** `byHand`: a person switches when asked. */
  | { readonly fits: true; readonly byHand: boolean }
  | { readonly fits: false; readonly reason: string; readonly hint: string }

/** `attended`: somebody sits there and answers. `undefined` power is none at all, and then a person is the power. */
export function fitPower(need: PowerNeed, power: OfferedPower, attended: boolean): PowerFit {
  if (power === undefined || power.ability === 'manual') {
    if (attended) return { fits: true, byHand: true }
    return {
      fits: false, reason: `Nobody sits there to switch the power by hand${power ? ` (${power.label})` : ''}`,
      hint: 'Give the camera a rack pod, a PoE switch, a relay or a command that switches it, or stay at the rack',
    }
  }
  if (need === 'manual-ok') return attended ? { fits: true, byHand: false } : { fits: false, reason: 'This work asks a person to switch the power off and on, and nobody sits there', hint: 'Stay at the rack' }
  if (need === 'cycle' || power.ability === 'on-off') return { fits: true, byHand: false }
  return {
    fits: false,
    reason: `This restore has to switch the power off, start its session, and switch it on while that runs; ${power.label} can only pulse, and its camera is dark as soon as the connection closes`,
    hint: 'Use a RouterOS PoE switch or a rack pod for this camera, or leave its power control away and switch by hand when asked',
  }
}

/** `pod/no-power-control` with the reason in words. */
export function requirePower(work: PoweredWork, power: OfferedPower, attended: boolean): { readonly byHand: boolean } {
  const fit = fitPower(powerNeedOf(work), power, attended)
  if (fit.fits) return { byHand: fit.byHand }
  throw new WorkbenchError('pod/no-power-control', fit.reason, { context: { work, ability: power?.ability ?? 'none' }, hint: fit.hint })
}
