import type { CameraId, JobId, PodId } from '../../../shared/devices/ids.ts'
import type { PowerController, PowerState } from '../../../shared/devices/power.ts'
import type { PowerSpec } from '../../../shared/devices/powerSpec.schema.ts'
import type { PodStore, RackPod } from '../../../shared/devices/rackPod.ts'
import type { OpenTransport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { isFinished, type Job } from '../../../shared/jobs/reduceJob.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { CameraView, PodView, RackView } from '../../../shared/rack/rackView.schema.ts'
import type { CaptureLog } from '../captures/captureLog.ts'
import { startBootWatch, viewBoot, watchBoot, type BootWatch } from '../consoles/bootWatch.ts'
import type { CameraConsole } from '../consoles/cameraConsole.ts'
import { createConsole } from '../consoles/consoleHub.ts'
import { lifeOf } from './cameraLife.ts'
import type { Leases } from './leases.ts'
import { createPowerEdges } from './powerEdges.ts'
import { type StartFacts, whyNots } from './whyNot.ts'

/** What is remembered of a place in the rack. */
export interface PodSpec {
  readonly id: PodId
  readonly name: string
  readonly url: string
  readonly cameraId: CameraId
  readonly cameraName: string
  readonly chip: string
  /** Who switches it, where that is not the pod and not a person. */
  readonly power?: PowerSpec | undefined
}

/** The real things behind an address. */
export interface PodDevices {
  readonly pod: RackPod | undefined
  readonly power: PowerController
  /** Gives the connection to the switch back. */
  readonly closePower?: () => Promise<void>
  /** There where it is not the pod that switches. Nothing is switched by it. */
  readonly changePower?: (power: PowerSpec | undefined) => Promise<void>
  readonly openConsole: OpenTransport
  /** One name for one camera, whoever asks and however the address was written: the key of its lease. */
  readonly resource: string
  readonly simulated: boolean
  readonly flashBytes: number
  readonly watts?: () => number
  /** Boot files that come with the device; only simulated cameras bring any. */
  readonly bootFiles?: { readonly profilePath: string; readonly ubootPath: string }
  /** A folder it can be restored from, likewise. */
  readonly imagesFolder?: string
}

export interface CameraEntry {
  readonly spec: PodSpec
  readonly devices: PodDevices
  readonly console: CameraConsole
}

export interface RackBook {
  add(spec: PodSpec, devices: PodDevices): void
  /** Another switch for a camera that is not switched by its pod; its console goes on. `pod/busy` while a job has it. */
  changePower(id: PodId, power: PowerSpec | undefined): Promise<void>
  /** Closes its console. `pod/busy` while a job has the camera. */
  remove(id: PodId): Promise<void>
  camera(id: CameraId): CameraEntry
  find(id: CameraId): CameraEntry | undefined
  pods(): readonly PodSpec[]
  power(id: CameraId, action: 'on' | 'off' | 'cycle', signal: AbortSignal): Promise<void>
  view(): RackView
  /** Now, then whenever something changed, at most four times a second. */
  watch(signal: AbortSignal): AsyncIterable<RackView>
  close(): Promise<void>
}

export interface RackBookDeps {
  readonly clock: Clock
  readonly log: (line: string) => void
  readonly leases: Leases
  /** The newest job of a camera. */
  readonly jobOf: (camera: CameraId) => Job | undefined
  readonly watchJobs: (listener: () => void) => void
  /** What its chip still lacks; `undefined` while nobody has looked. */
  readonly startFactsOf?: (entry: CameraEntry) => StartFacts | undefined
  /** Keeps every console of the rack, whoever looks. */
  readonly captures?: CaptureLog
}

interface Entry extends CameraEntry {
  spec: PodSpec
  boot: BootWatch
  power: PowerState
  reach: PodView['state']
  reachNote: string
  store: PodStore | undefined
  readonly stop: AbortController
}

const viewEveryMs = 250
const pollEveryMs = 10_000
const pollLimitMs = 8_000
const cyclePowerMs = 2_000

export function createRackBook({ clock, log, leases, jobOf, watchJobs, captures, startFactsOf = () => undefined }: RackBookDeps): RackBook {
  const entries = new Map<PodId, Entry>()
  const bell = createBell()
  let revision = 0
  const changed = (): void => { revision += 1; bell.ring() }
  watchJobs(changed)

  const entryOf = (id: CameraId): Entry => {
    const entry = [...entries.values()].find((each) => each.spec.cameraId === id)
    if (!entry) throw new WorkbenchError('input/not-found', `There is no camera ${id}`, { context: { camera: id } })
    return entry
  }

  const poll = async (entry: Entry): Promise<void> => {
    const { pod } = entry.devices
    const { signal } = entry.stop
    while (pod && !signal.aborted) {
      try {
        entry.store = await withDeadline(clock, pollLimitMs, `answer of ${pod.label}`, signal, async (within) => pod.store(within))
        entry.reach = 'reachable'
        entry.reachNote = ''
      } catch (error) {
        if (signal.aborted) return
        // A pod that is busy with an upload answers late; it is not gone because of that.
        const isBusy = leases.holderOf(entry.devices.resource) !== undefined
        if (!isBusy) {
          entry.reach = 'unreachable'
          entry.reachNote = error instanceof WorkbenchError ? error.message : 'no answer'
        }
      }
      changed()
      await clock.sleep(pollEveryMs, signal).catch(() => undefined)
    }
  }

  const viewCamera = (entry: Entry): CameraView => {
    const { spec, devices, console } = entry
    const stats = console.stats()
    const boot = viewBoot(entry.boot, clock.nowMs())
    const job = jobOf(spec.cameraId)
    const isWorking = job !== undefined && !isFinished(job)
    const holder = leases.holderOf(devices.resource)?.holder
    const life = lifeOf({ power: entry.power, boot, job, reach: entry.reach, consoleState: stats.state })
    const watts = devices.watts?.()
    const facts = startFactsOf(entry)
    const ability = facts && { ...facts, chip: spec.chip, hasPod: devices.pod !== undefined, power: devices.power, console: { console: stats.state, consoleNote: stats.note } }
    return {
      id: spec.cameraId, name: spec.cameraName, podId: spec.id, chip: spec.chip, flashBytes: devices.flashBytes,
      power: entry.power, powerAbility: devices.power.ability, powerLabel: devices.power.label, ...(watts === undefined ? {} : { watts }), ...life,
      bootStage: entry.power === 'off' ? 0 : boot.bootStage, lastLine: stats.lastLine, activity: [...stats.activity],
      console: stats.state, consoleNote: stats.note, bytesReceived: stats.bytesReceived, bytesLost: stats.bytesLost,
      ...(ability === undefined ? {} : { whyNot: [...whyNots(ability)] }),
      ...(holder === undefined ? {} : { leaseHolder: holder }),
      ...(job === undefined || (!isWorking && job.state !== 'failed' && job.state !== 'interrupted') ? {} : { job: jobView(job) }),
    }
  }

  const viewPod = (entry: Entry): PodView => ({
    id: entry.spec.id, name: entry.spec.name, url: entry.spec.url, state: entry.reach, note: entry.reachNote, simulated: entry.devices.simulated,
    ...(entry.store === undefined ? {} : { storeFreeBytes: entry.store.freeBytes, storeTotalBytes: entry.store.maxFileBytes }),
    ...(entry.devices.imagesFolder === undefined ? {} : { imagesFolder: entry.devices.imagesFolder }),
    cameras: [viewCamera(entry)],
  })

  const view = (): RackView => ({ revision, pods: [...entries.values()].map(viewPod) })

  /** One that no job has. */
  const free = (id: PodId): Entry => {
    const entry = entries.get(id)
    if (!entry) throw new WorkbenchError('input/not-found', `There is no pod ${id}`)
    const holder = leases.holderOf(entry.devices.resource)
    if (holder) throw new WorkbenchError('pod/busy', `${entry.spec.name} is in use by ${holder.holder}`, { context: { holder: holder.holder }, hint: 'Cancel that job first' })
    return entry
  }

  return {
    add: (spec, devices) => {
      if (entries.has(spec.id)) throw new WorkbenchError('input/conflict', `There is a pod ${spec.id} already`, { context: { pod: spec.id } })
      const twin = [...entries.values()].find((each) => each.devices.resource === devices.resource)
      if (twin) throw new WorkbenchError('input/conflict', `${spec.url} is in the rack already, as ${twin.spec.name}`, { context: { pod: twin.spec.id } })
      const capture = captures?.open({ id: spec.cameraId, name: spec.cameraName, chip: spec.chip })
      const edges = createPowerEdges((edge) => capture?.power(edge))
      const entry: Entry = {
        spec, devices: edges.watched(devices), boot: startBootWatch(clock.nowMs()), power: 'unknown', store: undefined, stop: new AbortController(),
        reach: devices.pod ? 'checking' : 'reachable', reachNote: '',
        console: createConsole({
          cameraId: spec.cameraId, open: devices.openConsole, clock, log, capture,
          onBytes: (bytes) => {
            entry.boot = watchBoot(entry.boot, bytes, clock.nowMs())
            // A camera that talks has power, whatever was last asked of the pod.
            entry.power = 'on'
            edges.heard()
            changed()
          },
        }),
      }
      entries.set(spec.id, entry)
      poll(entry).catch((error: unknown) => { log(`pod ${spec.id}: ${String(error)}`) })
      changed()
    },
    changePower: async (id, power) => {
      const entry = free(id)
      const { changePower } = entry.devices
      if (!changePower) throw new WorkbenchError('input/not-supported', `${entry.spec.name} switches its own camera`, { hint: 'Only a camera without a pod can have another switch' })
      await changePower(power)
      const { power: _before, ...rest } = entry.spec
      entry.spec = power === undefined ? rest : { ...rest, power }
      changed()
    },
    remove: async (id) => {
      const entry = free(id)
      entries.delete(id)
      entry.stop.abort()
      await entry.console.close()
      await entry.devices.closePower?.()
      changed()
    },
    camera: entryOf,
    find: (id) => [...entries.values()].find((each) => each.spec.cameraId === id),
    pods: () => [...entries.values()].map(({ spec }) => spec),
    power: async (id, action, signal) => {
      const entry = entryOf(id)
      const { power, resource } = entry.devices
      const holder = leases.holderOf(resource)
      // Power that goes while flash is written is how cameras are bricked.
      if (holder) throw new WorkbenchError('pod/busy', `${entry.spec.cameraName} is in use by ${holder.holder}; its power stays as it is`, { context: { holder: holder.holder }, hint: 'Cancel the job first' })
      if (action === 'cycle') await power.cycle(cyclePowerMs, signal)
      else if (power.ability === 'on-off') await power.set(action, signal)
      else throw new WorkbenchError('pod/no-power-control', `${power.label} cannot switch ${action}`)
      entry.power = action === 'off' ? 'off' : 'on'
      entry.boot = startBootWatch(clock.nowMs())
      changed()
    },
    view,
    watch: async function* (signal) {
      while (!signal.aborted) {
        const news = bell.next(signal)
        news.catch(() => undefined)
        yield view()
        // Watts and clocks move without an event, so a quiet rack is told every two seconds, too.
        const pause = new AbortController()
        await Promise.race([news, clock.sleep(2_000, AbortSignal.any([signal, pause.signal])).catch(() => undefined)]).finally(() => { pause.abort() })
        await clock.sleep(viewEveryMs, signal)
      }
    },
    close: async () => {
      for (const entry of entries.values()) entry.stop.abort()
      await Promise.all([...entries.values()].map(async (entry) => {
        await entry.console.close()
        await entry.devices.closePower?.()
      }))
      entries.clear()
    },
  }
}

function jobView(job: Job): NonNullable<CameraView['job']> {
  const phase = job.phases.find((each) => each.name === job.phase)
  const title = job.plan.phases.find((each) => each.name === job.phase)?.title ?? job.phase ?? ''
  const percent = percentOf(job)
  return {
    id: job.id as JobId, workflow: job.workflow, state: job.state, title: job.title, phase: phase ? title : '', ...(percent === undefined ? {} : { percent }),
    ...(job.verdict === undefined ? {} : { verdict: job.verdict }),
  }
}

/** Share of bytes proved: the only progress that cannot be wrong. Absent until a byte has to move. */
function percentOf(job: Job): number | undefined {
  const totalBytes = job.partitions.reduce((sum, part) => sum + part.lengthBytes, 0)
  const doneBytes = job.partitions.filter(({ state }) => state === 'proved' || state === 'unchanged').reduce((sum, part) => sum + part.lengthBytes, 0)
  return totalBytes === 0 || doneBytes === 0 ? undefined : Math.floor((100 * doneBytes) / totalBytes)
}
