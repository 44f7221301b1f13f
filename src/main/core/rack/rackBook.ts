import type { CameraId, JobId, PodId } from '../../../shared/devices/ids.ts'
import type { PowerController, PowerState } from '../../../shared/devices/power.ts'
import type { PowerSpec } from '../../../shared/devices/powerSpec.schema.ts'
import type { PodStore, RackPod } from '../../../shared/devices/rackPod.ts'
import type { OpenTransport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { isFinished, type Job } from '../../../shared/jobs/reduceJob.ts'
import { createBell } from '../../../shared/lifecycle/bell.ts'
import { type Clock, withDeadline } from '../../../shared/lifecycle/clock.ts'
import type { DrawHistory } from '../../../shared/rack/drawHistory.schema.ts'
import type { Inventory } from '../../../shared/rack/inventory.schema.ts'
import type { CameraView, PodView, RackView } from '../../../shared/rack/rackView.schema.ts'
import { type PowerAction, powerActions } from '../../../shared/rack/powerAct.schema.ts'
import type { AuditLog } from '../audit/auditLog.ts'
import type { CaptureLog } from '../captures/captureLog.ts'
import { pictureAt } from '../consoles/addressSeen.ts'
import { plainSmall } from '../consoles/plainPiece.ts'
import { startBootWatch, viewBoot, watchBoot, type BootWatch } from '../consoles/bootWatch.ts'
import type { CameraConsole } from '../consoles/cameraConsole.ts'
import { createConsole } from '../consoles/consoleHub.ts'
import { actOnPower, createJobPowerGate, type PowerActDeps, powerHolder, type PowerOutcome } from './actOnPower.ts'
import { firmwareText } from '../consoles/firmwareSeen.ts'
import { createReadPace } from '../consoles/readPace.ts'
import type { PictureBook } from '../pictures/pictureBook.ts'
import { lifeOf } from './cameraLife.ts'
import { isNews, quietMs } from './heardNews.ts'
import { maintenanceWords } from './inventory.ts'
import { gatePower } from './jobPower.ts'
import type { Leases } from './leases.ts'
import { createDrawHistory, type DrawHistory as DrawMemory } from './drawHistory.ts'
import { createDrawWatch, type DrawWatch, troubleWords } from './drawWatch.ts'
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
  /** Where the camera's own picture is. */
  readonly snapshotUrl?: string | undefined
  /** What people say about its camera. */
  readonly inventory?: Inventory | undefined
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
  /** One name for one switch and its port: cameras that have the same go dark together. Absent: nobody else's. */
  readonly powerResource?: string | undefined
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
  /** Also while a job has the camera: it changes nothing about it. */
  setInventory(id: PodId, inventory: Inventory | undefined): void
  setSnapshotUrl(id: CameraId, url: string | undefined): void
  /** Closes its console. `pod/busy` while a job has the camera. */
  remove(id: PodId): Promise<void>
  camera(id: CameraId): CameraEntry
  find(id: CameraId): CameraEntry | undefined
  pods(): readonly PodSpec[]
  /** What it drew in the last hours. */
  draw(id: CameraId): DrawHistory
  /** Everybody's way to the power of a camera, jobs apart: see `actOnPower`. `force` is the name that a person typed. */
  power(id: CameraId, action: PowerAction, signal: AbortSignal, force?: string): Promise<PowerOutcome>
  view(): RackView
  /** Now, then whenever something changed, at most four times a second; once a second while consoles only talk on. */
  watch(signal: AbortSignal): AsyncIterable<RackView>
  close(): Promise<void>
}

export interface RackBookDeps {
  readonly clock: Clock
  readonly log: (line: string) => void
  readonly leases: Leases
  readonly audit: AuditLog
  /** Ends that job as failed. */
  readonly breakOff: PowerActDeps['breakOff']
  /** The newest job of a camera. */
  readonly jobOf: (camera: CameraId) => Job | undefined
  /** What its jobs have read of the size of its NOR, 0 while none has. */
  readonly flashBytesOf?: (camera: CameraId) => number
  /** Any job of the journal. */
  readonly findJob?: NonNullable<PowerActDeps['findJob']>
  readonly watchJobs: (listener: () => void) => void
  /** What its chip still lacks; `undefined` while nobody has looked. */
  readonly startFactsOf?: (entry: CameraEntry) => StartFacts | undefined
  /** What was noticed on its console and should be known. */
  readonly alarmsOf?: (camera: CameraId) => CameraView['alarms']
  /** The port that feeds it is in trouble, in words, or well again. */
  readonly powerTrouble?: (camera: CameraId, words: string | undefined) => void
  /** Every byte of every console, with its place in that console's history. */
  readonly watchBytes?: (camera: CameraId, bytes: Uint8Array, position: number, small: string) => void
  /** Keeps every console of the rack, whoever looks. */
  readonly captures?: CaptureLog
  readonly pictures?: Pick<PictureBook, 'setUrl' | 'view' | 'wake'>
}

/** A line over a pod holds back a second at most; a switch that lied is found out after it. */
const lastWordsMs = 1_000

interface Entry extends CameraEntry {
  spec: PodSpec
  /** As they were given; what jobs get has its power behind a gate. */
  readonly own: PodDevices
  boot: BootWatch
  firmware: CameraView['firmware']
  /** As its console told it last, and kept over its next start. */
  address: string
  power: PowerState
  /** By somebody here, and answered. */
  cutAtMs: number
  reach: PodView['state']
  reachNote: string
  store: PodStore | undefined
  readonly draw: DrawWatch
  readonly drawn: DrawMemory
  readonly stop: AbortController
}

const viewEveryMs = 250
/** Consoles that only talk on: a rack of a hundred is much to tell, and their bytes are counted by the second. */
const talkEveryMs = 1_000
const quietEveryMs = 2_000
const pollEveryMs = 10_000
const pollLimitMs = 8_000

export const inRackAlready = (url: string, { id, name, cameraName }: PodSpec): WorkbenchError =>
  new WorkbenchError('input/conflict', `${url} is in the rack already, as ${name} with ${cameraName}`, { context: { pod: id } })
export const podInUse = (name: string, holder: string): WorkbenchError =>
  new WorkbenchError('pod/busy', `${name} is in use by ${holder}`, { context: { holder }, hint: 'Cancel that job first' })

export function createRackBook({ clock, log, leases, audit, breakOff, jobOf, flashBytesOf = () => 0, findJob, watchJobs, captures, pictures, startFactsOf = () => undefined, alarmsOf = () => undefined, powerTrouble, watchBytes }: RackBookDeps): RackBook {
  const entries = new Map<PodId, Entry>()
  const powerDeps: PowerActDeps = { clock, leases, audit, log, jobOf, breakOff, ...(findJob ? { findJob } : {}) }
  const bell = createBell()
  const pace = createReadPace(clock)
  let revision = 0
  let talkedAtMs = -Infinity
  const changed = (): void => { revision += 1; bell.ring() }
  watchJobs(changed)

  const entryOf = (id: CameraId): Entry => {
    const entry = [...entries.values()].find((each) => each.spec.cameraId === id)
    if (!entry) throw new WorkbenchError('input/not-found', `There is no camera ${id}`, { context: { camera: id } })
    return entry
  }

  const sharingPower = ({ own, spec }: Pick<Entry, 'own' | 'spec'>): { readonly spec: PodSpec; readonly devices: PodDevices }[] => [...entries.values()]
    .filter((each) => each.spec.id === spec.id || (own.powerResource !== undefined && each.own.powerResource === own.powerResource))
    .map((each) => ({ spec: each.spec, devices: each.own }))

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
    // Switching takes a moment and is no use that a person would wait for.
    const heldBy = leases.holderOf(devices.resource)?.holder
    const holder = powerActions.some((action) => heldBy === powerHolder(action, spec.cameraName)) ? undefined : heldBy
    const life = lifeOf({ power: entry.power, boot, job, reach: entry.reach, consoleState: stats.state })
    const watts = devices.watts?.() ?? entry.draw.watts()
    const facts = startFactsOf(entry)
    const picture = pictures?.view(spec.cameraId)
    const alarms = alarmsOf(spec.cameraId)
    const ability = facts && { ...facts, chip: spec.chip, aside: spec.inventory?.maintenance && maintenanceWords(spec.cameraName, spec.inventory.maintenance), hasPod: devices.pod !== undefined, power: devices.power, console: { console: stats.state, consoleNote: stats.note } }
    return {
      id: spec.cameraId, name: spec.cameraName, podId: spec.id, chip: spec.chip, flashBytes: devices.flashBytes > 0 ? devices.flashBytes : flashBytesOf(spec.cameraId),
      power: entry.power, powerAbility: devices.power.ability, powerLabel: devices.power.label, ...(watts === undefined ? {} : { watts }), ...life,
      bootStage: entry.power === 'off' ? 0 : boot.bootStage, lastLine: stats.lastLine, activity: [...stats.activity],
      console: stats.state, consoleNote: stats.note, bytesReceived: stats.bytesReceived, bytesLost: stats.bytesLost,
      ...(ability === undefined ? {} : { whyNot: [...whyNots(ability)] }),
      ...(holder === undefined ? {} : { leaseHolder: holder }),
      ...(spec.inventory === undefined ? {} : { inventory: spec.inventory }), ...(picture === undefined ? {} : { picture }), ...(entry.address === '' || pictureAt(entry.address) === spec.snapshotUrl ? {} : { pictureOffer: pictureAt(entry.address) }),
      ...(entry.firmware === undefined ? {} : { firmware: entry.firmware }), ...(alarms === undefined ? {} : { alarms }),
      ...(job === undefined || (!isWorking && job.state !== 'failed' && job.state !== 'interrupted') ? {} : { job: jobView(job) }),
    }
  }

  const viewPod = (entry: Entry): PodView => ({
    id: entry.spec.id, name: entry.spec.name, url: entry.spec.url, state: entry.reach, note: entry.reachNote, simulated: entry.devices.simulated,
    ...(entry.store === undefined ? {} : { storeFreeBytes: entry.store.freeBytes, storeTotalBytes: entry.store.maxFileBytes }),
    ...(entry.devices.imagesFolder === undefined ? {} : { imagesFolder: entry.devices.imagesFolder }),
    cameras: [viewCamera(entry)],
  })

  const hear = (entry: Entry, bytes: Uint8Array, small: string): void => {
    const before = entry.boot
    entry.boot = watchBoot(before, bytes, clock.nowMs(), small)
    if (entry.boot.address !== '') entry.address = entry.boot.address
    const text = entry.boot.firmware === before.firmware ? '' : firmwareText(entry.boot.firmware)
    if (text !== '') entry.firmware = { text, seenAtMs: clock.wallMs() }
    // Its web server is up about now, and after a long silence the next try would be a minute away.
    if (entry.boot.seen === 'login' && before.seen !== 'login') pictures?.wake(entry.spec.cameraId)
  }

  const view = (): RackView => ({ revision, pods: [...entries.values()].map(viewPod) })

  /** One that no job has. */
  const free = (id: PodId): Entry => {
    const entry = entries.get(id)
    if (!entry) throw new WorkbenchError('input/not-found', `There is no pod ${id}`)
    const holder = leases.holderOf(entry.devices.resource)
    if (holder) throw podInUse(entry.spec.name, holder.holder)
    return entry
  }

  return {
    add: (spec, devices) => {
      if (entries.has(spec.id)) throw new WorkbenchError('input/conflict', `There is a pod ${spec.id} already`, { context: { pod: spec.id } })
      const twin = [...entries.values()].find((each) => each.devices.resource === devices.resource)
      if (twin) throw inRackAlready(spec.url, twin.spec)
      const capture = captures?.open({ id: spec.cameraId, name: spec.cameraName, chip: spec.chip })
      const edges = createPowerEdges((edge) => capture?.power(edge), () => { entries.get(spec.id)?.console.catchUp() })
      const seen = edges.watched(devices)
      const drawn = createDrawHistory(() => clock.wallMs(), (watts) => capture?.draw(watts))
      const entry: Entry = {
        drawn, spec, own: seen, boot: startBootWatch(clock.nowMs()), firmware: undefined, address: '', power: 'unknown', cutAtMs: -Infinity, store: undefined, stop: new AbortController(),
        reach: devices.pod ? 'checking' : 'reachable', reachNote: '',
        draw: createDrawWatch({ clock, power: () => devices.power, isHeld: () => leases.holderOf(devices.resource) !== undefined, changed, read: drawn.tell, simulated: devices.watts, trouble: (trouble, label) => { powerTrouble?.(spec.cameraId, trouble && troubleWords(trouble, label)) } }),
        devices: gatePower(seen, createJobPowerGate({ spec, devices: seen }, () => sharingPower({ own: seen, spec }), powerDeps)),
        console: createConsole({
          cameraId: spec.cameraId, open: devices.openConsole, clock, log, pace, capture,
          onBytes: (bytes, position) => {
            const small = plainSmall(bytes)
            const [boot, power, alarms] = [entry.boot, entry.power, alarmsOf(spec.cameraId)]
            watchBytes?.(spec.cameraId, bytes, position, small)
            hear(entry, bytes, small)
            // A camera that talks has power, whatever was last asked of the pod. What it said before it was cut may still be on its way.
            if (entry.power !== 'off' || clock.nowMs() - entry.cutAtMs > lastWordsMs) {
              entry.power = 'on'
              edges.heard()
            }
            talkedAtMs = clock.nowMs()
            if (isNews(boot, entry.boot) || power !== entry.power || alarms !== alarmsOf(spec.cameraId)) changed()
          },
        }),
      }
      entries.set(spec.id, entry)
      pictures?.setUrl(spec.cameraId, spec.snapshotUrl)
      entry.draw.run(entry.stop.signal).catch((error: unknown) => { log(`power reading of ${spec.id}: ${String(error)}`) })
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
    setInventory: (id, inventory) => {
      const entry = entries.get(id)
      if (!entry) throw new WorkbenchError('input/not-found', `There is no pod ${id}`)
      entry.spec = { ...entry.spec, inventory }
      changed()
    },
    setSnapshotUrl: (id, url) => {
      const entry = entryOf(id)
      entry.spec = { ...entry.spec, snapshotUrl: url }
      pictures?.setUrl(id, url)
      changed()
    },
    remove: async (id) => {
      const entry = free(id)
      entries.delete(id)
      pictures?.setUrl(entry.spec.cameraId, undefined)
      entry.stop.abort()
      await entry.console.close()
      await entry.devices.closePower?.()
      changed()
    },
    camera: entryOf,
    find: (id) => [...entries.values()].find((each) => each.spec.cameraId === id),
    pods: () => [...entries.values()].map(({ spec }) => spec),
    draw: (id) => {
      const { own, drawn } = entryOf(id)
      return { isMeasured: own.watts !== undefined || (own.power.ability === 'on-off' && own.power.draw !== undefined), points: drawn.points() }
    },
    power: async (id, action, signal, force) => {
      const entry = entryOf(id)
      const sharing = sharingPower(entry)
      const outcome = await actOnPower({ target: { spec: entry.spec, devices: entry.own }, sharing, action, force }, powerDeps, signal)
      for (const each of [...entries.values()].filter(({ spec }) => sharing.some((one) => one.spec.id === spec.id))) {
        each.power = action === 'off' ? 'off' : 'on'
        if (action === 'off') each.cutAtMs = clock.nowMs()
        each.draw.forget()
        each.boot = startBootWatch(clock.nowMs())
      }
      changed()
      return outcome
    },
    view,
    watch: async function* (signal) {
      while (!signal.aborted) {
        const news = bell.next(signal)
        news.catch(() => undefined)
        yield view()
        // Watts and clocks move without an event, so a quiet rack is told every two seconds, too.
        const pause = new AbortController()
        const pauseMs = clock.nowMs() - talkedAtMs < quietMs ? talkEveryMs - viewEveryMs : quietEveryMs
        await Promise.race([news, clock.sleep(pauseMs, AbortSignal.any([signal, pause.signal])).catch(() => undefined)]).finally(() => { pause.abort() })
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
