import type { PowerController } from '../../../shared/devices/power.ts'
import type { RackPod } from '../../../shared/devices/rackPod.ts'

/** Asked before a job takes the light away; what it throws keeps it. Runs the switching inside. */
export type JobPowerGate = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>

/** The same things, whose power goes through the gate, whichever job uses them: its switch, and a pod that cuts it for an upload. */
export function gatePower<D extends { readonly power: PowerController; readonly pod: RackPod | undefined }>(devices: D, gate: JobPowerGate): D {
  const pod = devices.pod && gatePod(devices.pod, gate)
  // A prototype and no copy: some of its fields change while it lives.
  return Object.create(devices, {
    power: { enumerable: true, get: () => gateController(devices.power, gate) },
    pod: { enumerable: true, value: pod },
  }) as D
}

function gateController(power: PowerController, gate: JobPowerGate): PowerController {
  const cycle: PowerController['cycle'] = async (offMs, signal) => gate(async () => power.cycle(offMs, signal), signal)
  if (power.ability !== 'on-off') return { ...power, cycle }
  return { ...power, cycle, set: async (state, signal) => (state === 'on' ? power.set(state, signal) : gate(async () => power.set(state, signal), signal)) }
}

const gatePod = (pod: RackPod, gate: JobPowerGate): RackPod => ({
  ...pod,
  fastboot: async (blob, signal) => gate(async () => pod.fastboot(blob, signal), signal),
  power: async (action, signal) => (action === 'on' ? pod.power(action, signal) : gate(async () => pod.power(action, signal), signal)),
})
