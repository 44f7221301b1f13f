import { join } from 'node:path'
import type { PowerSpec } from '../../shared/devices/powerSpec.schema.ts'
import type { NewPod } from '../../shared/contracts/workbench.contract.ts'
import type { Soc } from '../../shared/devices/deviceProfile.schema.ts'
import { cameraIdSchema, podIdSchema, type PodId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../shared/lifecycle/clock.ts'
import { createLane } from '../../shared/lifecycle/lane.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import type { PodSpec, RackBook } from '../core/rack/rackBook.ts'
import { newToken } from '../drivers/host/randomness.ts'
import type { Secrets } from '../drivers/storage/secretsBox.ts'
import type { SecretOf } from '../drivers/power/openPower.ts'
import { powerFromEnvironment, type PowerWishes } from '../drivers/power/powerFromEnvironment.ts'
import { nameOfLine } from '../drivers/transports/lineName.ts'
import { parseTransportUrl } from '../drivers/transports/transportUrl.ts'
import { loadRack, saveRack } from '../drivers/storage/rackFile.ts'
import { type DemoRack, demoCameras, openDemoRack } from './demoRack.ts'
import { devicesOf, type PodDevicesDeps } from './podDevices.ts'

export interface RackSetupDeps extends Omit<PodDevicesDeps, 'secretOf'> {
  readonly secrets: Secrets
  readonly audit: AuditLog
  readonly clock: Clock
  readonly rack: RackBook
  readonly socs: ReadonlyMap<string, Soc>
  readonly dataFolder: string
  readonly log: (line: string) => void
}

/** What the person sets up: pods that are remembered, and the demo rack that is not. */
export interface RackSetup {
  /** Asks the pod first; one that does not answer like a pod is not added. */
  add(pod: NewPod, signal: AbortSignal): Promise<PodSpec>
  /** For one run of the command line: not remembered. `lineName` as `nameOfLine` says it. */
  addForNow(pod: NewPod, power?: PowerWishes, lineName?: string): PodSpec
  /** One name for one line; fails for what is no address. */
  nameOfLine(url: string): Promise<string>
  /** Another switch for a camera without a pod; none is a person. */
  setPower(id: PodId, given: Pick<NewPod, 'power' | 'password'>, signal: AbortSignal): Promise<void>
  remove(id: PodId): Promise<void>
  load(): Promise<void>
  /** The remembered rack for one act on its power: no console is opened but those whose power goes over it. */
  loadSwitches(): Promise<void>
  openDemo(): Promise<number>
  closeDemo(): Promise<void>
}

const answerLimitMs = 8_000

export function createRackSetup(deps: RackSetupDeps): RackSetup {
  const { rack, dataFolder } = deps
  const file = join(dataFolder, 'rack.json')
  const lane = createLane()
  let demo: DemoRack | undefined
  const always = new AbortController().signal

  const save = async (): Promise<void> => saveRack(file, { version: 1, pods: rack.pods().filter(({ url }) => !url.startsWith('simulated://')).map((spec) => ({ ...spec })) })

  const specOf = ({ url, name, cameraName, chip, power, password }: NewPod): PodSpec => {
    const known = deps.socs.get(chip.toLowerCase().split(':')[0] ?? '')
    if (!known) throw new WorkbenchError('input/not-supported', `Unknown chip "${chip.slice(0, 40)}"`, { hint: 'Choose one of the list' })
    const id = newToken()
    const number = rack.pods().length + 1
    return {
      id: podIdSchema.parse(`pod-${id}`), cameraId: cameraIdSchema.parse(`cam-${id}`), url: url.trim(), chip: chip.toLowerCase(),
      name: name || `pod-${number}`, cameraName: cameraName || `cam-${String(number).padStart(2, '0')}`,
      ...(power === undefined ? {} : { power: withReference(power, password, `pod-${id}`) }),
    }
  }
  const devicesFor = (spec: PodSpec, lineName: string | undefined, secretOf: SecretOf = async (ref) => deps.secrets.get(ref)): ReturnType<typeof devicesOf> => devicesOf(spec.url, spec.power, { ...deps, secretOf }, lineName)
  const lineNameOf = async (url: string): Promise<string> => nameOfLine(parseTransportUrl(url), deps.serialPorts)
  const addForNow: RackSetup['addForNow'] = (pod, wishes, lineName) => {
    // Its password came with the command and is not kept.
    const power = wishes && powerFromEnvironment(wishes)
    // With auto-on the switch would feel for a load first, and the boot ROM has gone by then.
    const spec: PodSpec = { ...specOf(pod), ...(power ? { power: power.spec.kind === 'routeros' ? { ...power.spec, onMode: 'forced-on' } : power.spec } : {}) }
    rack.add(spec, devicesFor(spec, lineName, power?.secretOf))
    return spec
  }
  const refOf = (power: PowerSpec | undefined): string | undefined => (power && 'passwordRef' in power ? power.passwordRef : undefined)

  return {
    add: async (pod, signal) => lane(signal, async () => {
      const spec = specOf(pod)
      const devices = devicesFor(spec, await lineNameOf(spec.url))
      if (devices.pod) await withDeadline(deps.clock, answerLimitMs, `answer of ${devices.pod.label}`, signal, async (within) => devices.pod?.store(within))
      const ref = refOf(spec.power)
      if (ref !== undefined && pod.password !== undefined) await deps.secrets.put(ref, pod.password)
      rack.add(spec, devices)
      await save()
      return spec
    }),
    addForNow,
    nameOfLine: lineNameOf,
    setPower: async (id, { power, password }, signal) => lane(signal, async () => {
      const old = rack.pods().find((spec) => spec.id === id)
      if (!old) throw new WorkbenchError('input/not-found', `There is no pod ${id}`)
      // A new name: the old password stays until the new switch is the camera's.
      const next = power === undefined || power.kind === 'manual' ? undefined : withReference(power, password, `pod-${newToken()}`)
      const [ref, oldRef] = [refOf(next), refOf(old.power)]
      if (ref !== undefined && password !== undefined) await deps.secrets.put(ref, password)
      try {
        await rack.changePower(id, next)
      } catch (error) {
        if (ref !== undefined) await deps.secrets.remove(ref)
        throw error
      }
      await save()
      if (oldRef !== undefined && oldRef !== ref) await deps.secrets.remove(oldRef)
    }),
    remove: async (id) => lane(always, async () => {
      const known = rack.pods().find((spec) => spec.id === id)
      const ref = refOf(known?.power)
      await deps.audit.around({ what: 'remove pod', subject: known?.name ?? id, details: { camera: known?.cameraName ?? '', url: known?.url.slice(0, 400) ?? '' } }, async () => {
        await rack.remove(id)
        await save()
      })
      if (ref !== undefined) await deps.secrets.remove(ref)
    }),
    load: async () => {
      for (const spec of (await loadRack(file)).pods) {
        try {
          rack.add(spec, devicesFor(spec, await lineNameOf(spec.url)))
        } catch (error) {
          deps.log(`${spec.name} was left out of the rack: ${String(error)}`)
        }
      }
    },
    loadSwitches: async () => {
      for (const spec of (await loadRack(file)).pods) {
        const devices = devicesFor(spec, await lineNameOf(spec.url))
        const openConsole: typeof devices.openConsole = async () => Promise.reject(new WorkbenchError('link/closed', 'This command switches power only, and opens no console'))
        rack.add(spec, spec.power?.kind === 'vectis' ? devices : Object.create(devices, { openConsole: { value: openConsole }, pod: { value: undefined } }) as typeof devices)
      }
    },
    openDemo: async () => lane(always, async () => {
      demo ??= await openDemoRack(rack, { clock: deps.clock, folder: join(dataFolder, 'demo'), log: deps.log })
      return demoCameras
    }),
    closeDemo: async () => lane(always, async () => { const open = demo; demo = undefined; await open?.close() }),
  }
}

/** A spec never holds the password itself. */
const withReference = (power: PowerSpec, password: string | undefined, ref: string): PowerSpec =>
  (password !== undefined && (power.kind === 'routeros' || power.kind === 'tasmota') ? { ...power, passwordRef: ref } : power)
