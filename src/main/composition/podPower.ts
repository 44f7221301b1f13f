import { createManualPower } from '../drivers/power/manualPower.ts'
import { hostInUrl } from '../drivers/transports/transportUrl.ts'
import { type OpenedPower, openPower, type OpenPowerDeps } from '../drivers/power/openPower.ts'
import type { OnOffPower, PowerController } from '../../shared/devices/power.ts'
import { abilityOfKind, type PowerSpec } from '../../shared/devices/powerSpec.schema.ts'

const labels: Readonly<Record<PowerSpec['kind'], (spec: PowerSpec) => string>> = {
  rack: () => 'the rack pod', manual: () => 'a person', command: () => 'a command of this computer',
  routeros: (spec) => `RouterOS switch ${hostOf(spec)}`, vectis: (spec) => `Vectis bridge ${hostOf(spec)}`,
  pdudaemon: (spec) => `PDUDaemon ${hostOf(spec)}`, tasmota: (spec) => `Tasmota plug ${hostOf(spec)}`,
}
const hostOf = (spec: PowerSpec): string => ('host' in spec ? spec.host : '')
/**
 * One name for one outlet, so that cameras on the same one are known to go dark together. A port that is once called by its name and
 * once by its comment is two to us: only the switch could tell.
 */
export function powerResourceOf(spec: PowerSpec | undefined): string | undefined {
  switch (spec?.kind) {
    case undefined: case 'manual': case 'vectis': return undefined
    case 'rack': return `pod http://${hostInUrl(spec.host)}:${spec.port}`
    case 'routeros': return `routeros ${spec.host.toLowerCase()} ${spec.ethernet ?? `comment ${spec.comment ?? ''}`}`
    case 'pdudaemon': return `pdudaemon ${spec.host.toLowerCase()}:${spec.port} ${spec.pdu} ${spec.outlet}`
    case 'tasmota': return `tasmota ${spec.host.toLowerCase()}:${spec.port} ${spec.relay}`
    case 'command': return `command ${JSON.stringify(spec.off)}`
  }
}
const isReadBack = (spec: PowerSpec): boolean => spec.kind === 'routeros' || spec.kind === 'tasmota' || (spec.kind === 'command' && spec.read !== undefined)

/**
 * The controller that a spec describes. What it can do is known at once; the connection, and the password for it, are fetched by the first
 * act, because a rack is loaded when its switches may be off.
 */
export function powerOf(spec: PowerSpec, deps: OpenPowerDeps): OpenedPower {
  const ability = abilityOfKind[spec.kind]
  const label = labels[spec.kind](spec)
  if (ability === 'manual') return { power: createManualPower({ ask: deps.ask, label: deps.label }), close: async () => undefined }
  let opening: Promise<OpenedPower> | undefined
  const opened = async (): Promise<PowerController> => {
    opening ??= openPower(spec, deps).catch((error: unknown) => { opening = undefined; throw error })
    return (await opening).power
  }
  const onOff = async (): Promise<OnOffPower> => {
    const power = await opened()
    // The table says so; a new kind that disagrees with it is our mistake.
    if (power.ability !== 'on-off') throw new TypeError(`${label} cannot switch on and off`)
    return power
  }
  const close = async (): Promise<void> => { await (await opening?.catch(() => undefined))?.close() }
  const cycle: PowerController['cycle'] = async (offMs, signal) => (await opened()).cycle(offMs, signal)
  // As long as the bridge's own pulse.
  if (ability === 'cycle-only') return { power: { ability, label, cycle, fixedOffMs: 200 }, close }
  return {
    power: {
      ability, label, cycle, proof: isReadBack(spec) ? 'read-back' : 'accepted',
      set: async (state, signal) => (await onOff()).set(state, signal), read: async (signal) => (await onOff()).read(signal),
      ...(spec.kind === 'routeros' ? { draw: async (signal: AbortSignal) => await (await onOff()).draw?.(signal) ?? { watts: undefined, trouble: undefined }, budget: async (givenWatts: number | undefined, signal: AbortSignal) => (await onOff()).budget?.(givenWatts, signal) } : {}),
    },
    close,
  }
}
