import { join } from 'node:path'
import type { PowerSpec } from '../../shared/devices/powerSpec.schema.ts'
import type { NewPod } from '../../shared/contracts/workbench.contract.ts'
import type { Soc } from '../../shared/devices/deviceProfile.schema.ts'
import { type CameraId, cameraIdSchema, podIdSchema, type PodId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { type Clock, withDeadline } from '../../shared/lifecycle/clock.ts'
import { createLane } from '../../shared/lifecycle/lane.ts'
import type { InventoryChange } from '../../shared/rack/inventory.schema.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import { changedInventory } from '../core/rack/inventory.ts'
import type { Leases } from '../core/rack/leases.ts'
import { inRackAlready, podInUse, type PodSpec, type RackBook } from '../core/rack/rackBook.ts'
import { newToken } from '../drivers/host/randomness.ts'
import type { Secrets } from '../drivers/storage/secretsBox.ts'
import type { SecretOf } from '../drivers/power/openPower.ts'
import { powerFromEnvironment, type PowerWishes } from '../drivers/power/powerFromEnvironment.ts'
import { nameOfLine } from '../drivers/transports/lineName.ts'
import { parseTransportUrl } from '../drivers/transports/transportUrl.ts'
import { maxPods, type RackFile } from '../drivers/storage/rackFile.ts'
import type { DemoRack } from './demoRack.ts'
import { devicesOf, type PodDevicesDeps } from './podDevices.ts'
import { auditPowerChanges } from './powerChanges.ts'
import type { RackStore } from './rackStore.ts'

export interface RackSetupDeps extends Omit<PodDevicesDeps, 'secretOf'> {
  readonly secrets: Secrets
  readonly audit: AuditLog
  readonly clock: Clock
  readonly rack: RackBook
  readonly socs: ReadonlyMap<string, Soc>
  readonly dataFolder: string
  readonly demoCameras: number | undefined
  readonly store: RackStore
  readonly leases: Pick<Leases, 'holderOf'>
  readonly log: (line: string) => void
  /** The nodes of the demo, beside its cameras. */
  readonly openNodes: (signal: AbortSignal) => Promise<DemoRack>
  /** Its appliance and its board. */
  readonly openDevices: (signal: AbortSignal) => Promise<DemoRack>
  /** Its screens, which take commands. */
  readonly openScreens: () => Promise<DemoRack>
}

/** What the person sets up: pods that are remembered, and the demo rack that is not. */
export interface RackSetup {
  /** Asks the pod first; one that does not answer like a pod is not added. */
  add(pod: NewPod, signal: AbortSignal): Promise<PodSpec>
  /** The same at a prompt, which shows no rack: into the file, from which an open window takes it up. `said` is what people say of its camera. */
  addToFile(pod: NewPod, said: InventoryChange, signal: AbortSignal): Promise<PodSpec>
  /** For one run of the command line: not remembered. `lineName` as `nameOfLine` says it; `known` is the camera of the rack that is there. */
  addForNow(pod: NewPod, power?: PowerWishes, lineName?: string, known?: PodSpec): PodSpec
  /** The camera of the remembered rack on that line. */
  knownOn(lineName: string): Promise<PodSpec | undefined>
  /** One name for one line; fails for what is no address. */
  nameOfLine(url: string): Promise<string>
  /** Another switch for a camera without a pod; none is a person. */
  setPower(id: PodId, given: Pick<NewPod, 'power' | 'password'>, signal: AbortSignal, by?: string): Promise<void>
  /** Where the camera's picture is; `undefined` for nowhere. */
  setSnapshotUrl(id: CameraId, url: string | undefined): Promise<void>
  /** Out of the file, and out of the rack where it is shown. `pod/busy` while a job has its camera. */
  remove(id: PodId): Promise<void>
  /** All of the remembered rack, or only these cameras. */
  load(only?: readonly CameraId[]): Promise<void>
  /** What another process, or an import, made of the rack file since; `true` when something waits for the end of a job. */
  takeUp(): Promise<boolean>
  /** Fails with the reason why such a pod cannot be used. */
  check(spec: PodSpec): void
  /** The remembered rack for one act on its power: no console is opened but those whose power goes over it. */
  loadSwitches(): Promise<void>
  openDemo(): Promise<number>
  closeDemo(): Promise<void>
}

const answerLimitMs = 8_000

export function createRackSetup(deps: RackSetupDeps): RackSetup {
  const { rack, dataFolder } = deps
  const lane = createLane()
  let demo: DemoRack | undefined
  let nodes: DemoRack | undefined
  let updated: DemoRack | undefined
  let screens: DemoRack | undefined
  const always = new AbortController().signal

  const changePods = async (how: (pods: RackFile['pods']) => RackFile['pods'] | Promise<RackFile['pods']>): Promise<void> => { await deps.store.change(async (rackFile) => ({ ...rackFile, pods: await how(rackFile.pods) }), always) }

  const checkChip = (chip: string): void => {
    const known = deps.socs.get(chip.toLowerCase().split(':')[0] ?? '')
    if (!known) throw new WorkbenchError('input/not-supported', `Unknown chip "${chip.slice(0, 40)}"`, { hint: 'Choose one of the list of chips (rackbench chips)' })
  }
  const specOf = ({ url, name, cameraName, chip, power, password }: NewPod, others: readonly PodSpec[] = rack.pods()): PodSpec => {
    checkChip(chip)
    const id = newToken()
    const number = freeNumber(others)
    return {
      id: podIdSchema.parse(`pod-${id}`), cameraId: cameraIdSchema.parse(`cam-${id}`), url: url.trim(), chip: chip.toLowerCase(),
      name: name || podName(number), cameraName: cameraName || cameraNameOf(number),
      ...(power === undefined ? {} : { power: withReference(power, password, `pod-${id}`) }),
    }
  }
  const devicesFor = (spec: PodSpec, lineName: string | undefined, secretOf: SecretOf = async (ref) => deps.secrets.get(ref)): ReturnType<typeof devicesOf> => devicesOf(spec.url, spec.power, { ...deps, secretOf }, lineName)
  const lineNameOf = async (url: string): Promise<string> => nameOfLine(parseTransportUrl(url), deps.serialPorts)
  const addForNow: RackSetup['addForNow'] = (pod, wishes, lineName, known) => {
    // Its password came with the command and is not kept.
    const power = wishes && powerFromEnvironment(wishes)
    // With auto-on the switch would feel for a load first, and the boot ROM has gone by then.
    const as = known && { id: known.id, cameraId: known.cameraId, inventory: known.inventory }
    const spec: PodSpec = { ...specOf(pod), ...as, ...(power ? { power: power.spec.kind === 'routeros' ? { ...power.spec, onMode: 'forced-on' } : power.spec } : {}) }
    rack.add(spec, devicesFor(spec, lineName, power?.secretOf))
    return spec
  }
  /** Those that the file had at some time: what goes from it goes from the rack, and what never was in it (a demo, a line for now) stays. */
  const remembered = new Set<PodId>()
  const remember = (pods: readonly PodSpec[]): void => { for (const { id } of pods) remembered.add(id) }
  const leftOut = new Map<PodId, string>()
  const addOrLog = async (spec: PodSpec): Promise<void> => {
    try {
      rack.add(spec, devicesFor(spec, await lineNameOf(spec.url)))
      leftOut.delete(spec.id)
    } catch (error) {
      const why = String(error)
      if (leftOut.get(spec.id) !== why) deps.log(`${spec.name} was left out of the rack: ${why}`)
      leftOut.set(spec.id, why)
    }
  }
  /** A job has it: it stays as it is until the next look, and that is told once. */
  const waiting = new Set<PodId>()
  const whenFree = async (name: string, id: PodId, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work()
      waiting.delete(id)
      return false
    } catch (error) {
      if (!waiting.has(id)) deps.log(`${name} was not changed: ${String(error)}`)
      waiting.add(id)
      return true
    }
  }
  const takeUpOne = async (spec: PodSpec): Promise<boolean> => {
    const known = rack.pods().find(({ id }) => id === spec.id)
    if (!known) { await addOrLog(spec); return false }
    const [{ inventory: before, snapshotUrl: stood, ...was }, { inventory, snapshotUrl, ...is }] = [known, spec]
    // Neither closes its console.
    if (!sameAs(before, inventory)) rack.setInventory(spec.id, inventory)
    if (stood !== snapshotUrl) rack.setSnapshotUrl(spec.cameraId, snapshotUrl)
    if (sameAs(was, is)) return false
    return whenFree(spec.name, spec.id, async () => {
      await rack.remove(spec.id)
      await addOrLog(spec)
    })
  }
  /** Of a pod that is not shown here: its lease tells of jobs of every process. */
  const refuseHeld = async (spec: PodSpec): Promise<void> => {
    const holder = deps.leases.holderOf(await lineNameOf(spec.url).catch(() => spec.url))
    if (holder) throw podInUse(spec.name, holder.holder)
  }
  const refuseTwin = async (pods: readonly PodSpec[], lineName: string, url: string): Promise<void> => {
    for (const pod of pods) if (await lineNameOf(pod.url).catch(() => undefined) === lineName) throw inRackAlready(url, pod)
  }
  const addPod = async (pod: NewPod, said: InventoryChange | undefined, isShown: boolean, signal: AbortSignal): Promise<PodSpec> => lane(signal, async () => {
    const before = (await deps.store.read()).pods
    const { password } = pod
    const spec: PodSpec = { ...specOf(pod, [...before, ...rack.pods()]), ...(said === undefined ? {} : { inventory: changedInventory(undefined, said, deps.clock.wallMs()) }) }
    const lineName = await lineNameOf(spec.url)
    await refuseTwin(before, lineName, spec.url)
    const devices = devicesFor(spec, lineName)
    const ref = refOf(spec.power)
    const undo: (() => Promise<void>)[] = []
    try {
      if (devices.pod) await withDeadline(deps.clock, answerLimitMs, `answer of ${devices.pod.label}`, signal, async (within) => devices.pod?.store(within))
      if (ref !== undefined && password !== undefined) {
        await deps.secrets.put(ref, password)
        undo.push(async () => { await deps.secrets.remove(ref) })
      }
      if (isShown) {
        rack.add(spec, devices)
        undo.push(async () => { await rack.remove(spec.id) })
      }
      await changePods(async (pods) => {
        // Another process may have been here meanwhile.
        await refuseTwin(pods, lineName, spec.url)
        if (pods.length >= maxPods) throw new WorkbenchError('input/too-large', `A rack has ${maxPods} pods at most`, { hint: 'Remove one first, or use another data folder' })
        return [...pods, { ...spec }]
      })
      remember([spec])
    } catch (error) {
      for (const each of undo.reverse()) await each()
      throw error
    } finally {
      // What is shown is closed with its place in the rack.
      if (!isShown) await devices.closePower?.()
    }
    return spec
  })
  const refOf = (power: PowerSpec | undefined): string | undefined => (power && 'passwordRef' in power ? power.passwordRef : undefined)

  return {
    add: async (pod, signal) => addPod(pod, undefined, true, signal),
    addToFile: async (pod, said, signal) => addPod(pod, said, false, signal),
    addForNow,
    nameOfLine: lineNameOf,
    setPower: async (id, { power, password }, signal, by = '') => lane(signal, async () => {
      const old = rack.pods().find((spec) => spec.id === id)
      if (!old) throw new WorkbenchError('input/not-found', `There is no pod ${id}`)
      // A new name: the old password stays until the new switch is the camera's.
      const next = power === undefined || power.kind === 'manual' ? undefined : withReference(power, password, `pod-${newToken()}`)
      const [ref, oldRef] = [refOf(next), refOf(old.power)]
      await auditPowerChanges(deps.audit, [{ cameraId: old.cameraId, camera: old.cameraName, url: old.url, before: old.power, after: next }], by, async () => {
        if (ref !== undefined && password !== undefined) await deps.secrets.put(ref, password)
        try {
          await rack.changePower(id, next)
        } catch (error) {
          if (ref !== undefined) await deps.secrets.remove(ref)
          throw error
        }
        await changePods((pods) => pods.map(({ power: _before, ...pod }) => (pod.id !== id ? { ...pod, ...(_before === undefined ? {} : { power: _before }) } : { ...pod, ...(next === undefined ? {} : { power: next }) })))
      })
      if (oldRef !== undefined && oldRef !== ref) await deps.secrets.remove(oldRef)
    }),
    setSnapshotUrl: async (id, url) => lane(always, async () => {
      // A command changes the file and shows no rack.
      const isShown = rack.find(id) !== undefined
      if (!isShown && !(await deps.store.read()).pods.some(({ cameraId }) => cameraId === id)) throw new WorkbenchError('input/not-found', `There is no camera ${id}`, { context: { camera: id } })
      if (isShown) rack.setSnapshotUrl(id, url)
      await changePods((pods) => pods.map(({ snapshotUrl: _before, ...pod }) => (pod.cameraId !== id ? { ...pod, ...(_before === undefined ? {} : { snapshotUrl: _before }) } : { ...pod, ...(url === undefined ? {} : { snapshotUrl: url }) })))
    }),
    remove: async (id) => lane(always, async () => {
      const shown = rack.pods().find((spec) => spec.id === id)
      const known = shown ?? (await deps.store.read()).pods.find((spec) => spec.id === id)
      if (!known) throw new WorkbenchError('input/not-found', `There is no pod ${id}`)
      const ref = refOf(known.power)
      await deps.audit.around({ what: 'remove pod', subject: known.name, details: { camera: known.cameraName, url: known.url.slice(0, 400) } }, async () => {
        if (shown) await rack.remove(id)
        else await refuseHeld(known)
        await changePods((pods) => pods.filter((pod) => pod.id !== id))
      })
      if (ref !== undefined) await deps.secrets.remove(ref)
    }),
    load: async (only) => {
      const { pods } = await deps.store.read()
      remember(pods)
      for (const spec of pods) if (only === undefined || only.includes(spec.cameraId)) await addOrLog(spec)
    },
    takeUp: async () => lane(always, async () => {
      const { pods } = await deps.store.read()
      let isWaiting = false
      for (const spec of pods) isWaiting = await takeUpOne(spec) || isWaiting
      remember(pods)
      const gone = rack.pods().filter(({ id }) => remembered.has(id) && !pods.some((pod) => pod.id === id))
      for (const { id, name } of gone) isWaiting = await whenFree(name, id, async () => rack.remove(id)) || isWaiting
      return isWaiting
    }),
    check: (spec) => { checkChip(spec.chip); devicesFor(spec, undefined) },
    knownOn: async (lineName) => {
      for (const spec of (await deps.store.read()).pods) if (await lineNameOf(spec.url).catch(() => undefined) === lineName) return spec
      return undefined
    },
    loadSwitches: async () => {
      for (const spec of (await deps.store.read()).pods) {
        const devices = devicesFor(spec, await lineNameOf(spec.url))
        const openConsole: typeof devices.openConsole = async () => Promise.reject(new WorkbenchError('link/closed', 'This command switches power only, and opens no console'))
        rack.add(spec, spec.power?.kind === 'vectis' ? devices : Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(devices), openConsole: { value: openConsole }, pod: { value: undefined } }) as typeof devices)
      }
    },
    openDemo: async () => lane(always, async () => {
      const { demoCamerasOf, openDemoRack } = await import('./demoRack.ts')
      const cameras = demoCamerasOf(deps.demoCameras)
      demo ??= await openDemoRack(rack, { clock: deps.clock, folder: join(dataFolder, 'demo'), cameras, log: deps.log })
      // The cameras are of use without them; why the registry cannot be opened stands where its releases would.
      nodes ??= await deps.openNodes(always).catch((error: unknown) => { deps.log(`the demo has no nodes: ${String(error)}`); return undefined })
      updated ??= await deps.openDevices(always).catch((error: unknown) => { deps.log(`the demo has no appliance and no board: ${String(error)}`); return undefined })
      screens ??= await deps.openScreens().catch((error: unknown) => { deps.log(`the demo has no screens: ${String(error)}`); return undefined })
      return cameras
    }),
    closeDemo: async () => lane(always, async () => {
      const open = [screens, updated, nodes, demo]
      screens = updated = nodes = demo = undefined
      for (const each of open) await each?.close()
    }),
  }
}

const podName = (number: number): string => `pod-${number}`
const cameraNameOf = (number: number): string => `cam-${String(number).padStart(2, '0')}`
/** The number of the next place; not one whose name is taken, as after a removal. */
function freeNumber(others: readonly PodSpec[]): number {
  const places = new Map(others.map((each) => [each.id, each]))
  const taken = new Set([...places.values()].flatMap(({ name, cameraName }) => [name, cameraName]))
  for (let number = places.size + 1; ; number += 1) if (!taken.has(podName(number)) && !taken.has(cameraNameOf(number))) return number
}

/** Both came through the same schema, but not with their fields in the same order. */
const sameAs = (a: object | undefined, b: object | undefined): boolean => ordered(a) === ordered(b)
const ordered = (value: unknown): string =>
  JSON.stringify(value, (_key, each: unknown) => (typeof each === 'object' && each !== null && !Array.isArray(each) ? Object.fromEntries(Object.entries(each).sort(([a], [b]) => (a < b ? -1 : 1))) : each)) ?? ''

/** A spec never holds the password itself. */
const withReference = (power: PowerSpec, password: string | undefined, ref: string): PowerSpec =>
  (password !== undefined && (power.kind === 'routeros' || power.kind === 'tasmota') ? { ...power, passwordRef: ref } : power)
