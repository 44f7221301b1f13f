import type { CameraId } from '../../shared/devices/ids.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { BoardView } from '../../shared/rack/boardFacts.schema.ts'
import type { DiscoveryView } from '../../shared/rack/discovery.schema.ts'
import type { IdentifyMatch, IdentifyNews, IdentifyPlan } from '../../shared/rack/identify.schema.ts'
import type { IdentityView } from '../../shared/rack/identity.schema.ts'
import type { InventoryChange } from '../../shared/rack/inventory.schema.ts'
import type { InventoryMany, InventoryOutcome } from '../../shared/rack/inventoryMany.schema.ts'
import type { RackImportView, RackYamlWish } from '../../shared/rack/rackImport.schema.ts'
import type { AuditLog } from '../core/audit/auditLog.ts'
import type { JobBook } from '../core/jobs/jobBook.ts'
import { identityOf, viewIdentity } from '../core/rack/identity.ts'
import { identifyPower, planIdentify, reassigned } from '../core/rack/identifyPower.ts'
import { changedInventory } from '../core/rack/inventory.ts'
import type { Leases } from '../core/rack/leases.ts'
import type { PodSpec, RackBook } from '../core/rack/rackBook.ts'
import { planRackImport, type PlannedRack } from '../core/rack/rackImport.ts'
import { rackDocument } from '../core/rack/rackDocument.ts'
import { readLinedYaml, writeYaml } from '../drivers/files/yamlText.ts'
import { hashHex, newToken } from '../drivers/host/randomness.ts'
import { maxPods, type RackFile, rackFileSchema } from '../drivers/storage/rackFile.ts'
import { boardOf } from './boardFacts.ts'
import type { MdnsPlace } from '../drivers/network/mdnsBrowse.ts'
import { discoverAround } from './discoverAround.ts'
import { setInventoryOfMany } from './inventoryMany.ts'
import type { CaptureDesk } from './captureDesk.ts'
import { offerOf } from './pictureOffer.ts'
import { auditPowerChanges } from './powerChanges.ts'
import type { RackSetup } from './rackSetup.ts'
import type { PortInUse } from './serialPorts.ts'
import type { RackStore } from './rackStore.ts'

/** What people say about the cameras of the rack, and the rack as a file for people. */
export interface InventoryDesk {
  list(): Promise<readonly PodSpec[]>
  change(camera: CameraId, change: InventoryChange, signal: AbortSignal): Promise<PodSpec>
  setMany(wish: InventoryMany, signal: AbortSignal): Promise<InventoryOutcome[]>
  identity(camera: CameraId): IdentityView
  /** What its console ever said of its board. */
  board(camera: CameraId, signal: AbortSignal): Promise<BoardView>
  discover(seconds: number, signal: AbortSignal): Promise<DiscoveryView>
  /** The command line has opened no console yet: those of these cameras are, and waited for. */
  openCameras(cameras: readonly CameraId[], signal: AbortSignal): Promise<void>
  planIdentify(cameras: readonly CameraId[]): IdentifyPlan
  identify(cameras: readonly CameraId[], agreed: readonly CameraId[], signal: AbortSignal): AsyncGenerator<IdentifyNews, void, void>
  assignPower(matches: readonly IdentifyMatch[], signal: AbortSignal): Promise<void>
  /** Where its picture is; `undefined` for nowhere. */
  setPicture(camera: CameraId, url: string | undefined): Promise<void>
  /** Where it may be, after what its console told. */
  pictureOffer(camera: CameraId, signal: AbortSignal): Promise<string | undefined>
  exportYaml(): Promise<{ readonly text: string; readonly pods: number }>
  planImport(wish: RackYamlWish): Promise<RackImportView>
  importYaml(wish: RackYamlWish & { readonly hash: string }, signal: AbortSignal): Promise<RackImportView>
}

export interface InventoryDeskDeps {
  readonly clock: Clock
  readonly leases: Leases
  readonly store: RackStore
  readonly rack: Pick<RackBook, 'find' | 'pods' | 'setInventory'>
  readonly setup: Pick<RackSetup, 'check' | 'load' | 'nameOfLine' | 'setSnapshotUrl' | 'takeUp'>
  readonly captures: Pick<CaptureDesk, 'boots' | 'caughtUp' | 'indexNote' | 'search' | 'sessions'>
  readonly jobs: Pick<JobBook, 'list'>
  readonly audit: Pick<AuditLog, 'append' | 'around' | 'outcome'>
  readonly ports: () => Promise<readonly PortInUse[]>
  readonly mdns?: MdnsPlace | undefined
  /** Only a window shows the rack; a command changes the file. */
  readonly isLoaded: boolean
}

const openLimitMs = 10_000

export function createInventoryDesk({ clock, store, rack, setup, jobs, leases, audit, captures, ports, mdns, isLoaded }: InventoryDeskDeps): InventoryDesk {
  const identifying = { clock, leases, audit, all: () => rack.pods().flatMap(({ cameraId }) => rack.find(cameraId) ?? []) }
  const plan = async ({ text, keepIds }: RackYamlWish, file: RackFile): Promise<PlannedRack & { readonly view: RackImportView }> => {
    const document = readLinedYaml(text)
    const lineNames = await namesOf(document.value, file)
    const planned = planRackImport({ document, keepIds, pods: file.pods, newToken, maxPods, check: setup.check, lineNameOf: (url) => lineNames.get(url) ?? url })
    const hash = hashHex('sha256', new TextEncoder().encode(JSON.stringify([text, keepIds, file])))
    return { ...planned, view: { ...planned.view, hash } }
  }
  /** The same adapter has many addresses, and only the system knows which are the same. */
  const namesOf = async (value: unknown, file: RackFile): Promise<ReadonlyMap<string, string>> => {
    const names = new Map<string, string>()
    for (const url of [...addressesIn(value).slice(0, maxPods), ...file.pods.map((pod) => pod.url)]) {
      if (!names.has(url)) names.set(url, await setup.nameOfLine(url).catch(() => url))
    }
    return names
  }
  return {
    list: async () => (await store.read()).pods,
    change: async (cameraId, change, signal) => {
      const shown = rack.find(cameraId)
      if (shown?.devices.simulated === true) {
        const inventory = changedInventory(shown.spec.inventory, change, clock.wallMs())
        rack.setInventory(shown.spec.id, inventory)
        return { ...shown.spec, inventory }
      }
      const { pods } = await store.change((file) => {
        const index = file.pods.findIndex((pod) => pod.cameraId === cameraId)
        if (index < 0) throw new WorkbenchError('input/not-found', `There is no camera ${cameraId} in the rack`, { context: { camera: cameraId }, hint: '"rackbench rack list" names those that are there' })
        return { ...file, pods: file.pods.map((pod, at) => (at === index ? { ...pod, inventory: changedInventory(pod.inventory, change, clock.wallMs()) } : pod)) }
      }, signal)
      const changed = pods.find((pod) => pod.cameraId === cameraId)
      if (!changed) throw new WorkbenchError('internal/bug', 'A camera was lost while it was changed')
      if (shown) rack.setInventory(changed.id, changed.inventory)
      return changed
    },
    setMany: async (wish, signal) => setInventoryOfMany({ clock, store, rack }, wish, signal),
    identity: (camera) => viewIdentity(identityOf(jobs.list(), camera)),
    board: async (camera, signal) => boardOf(camera, { captures, clock }, signal),
    discover: async (seconds, signal) => discoverAround({ clock, ports, pods: (await store.read()).pods, nameOfLine: setup.nameOfLine, mdns }, seconds, signal),
    openCameras: async (cameras, signal) => {
      await setup.load(cameras)
      const isOpen = (): boolean => cameras.every((camera) => rack.find(camera)?.console.stats().state === 'open')
      for (let waitedMs = 0; waitedMs < openLimitMs && !isOpen(); waitedMs += 100) await clock.sleep(100, signal)
    },
    planIdentify: (cameras) => planIdentify(cameras, identifying),
    identify: (cameras, agreed, signal) => identifyPower(cameras, agreed, identifying, signal),
    assignPower: async (matches, signal) => {
      const { pods } = await store.read()
      const after = new Map(reassigned(pods, matches).map((pod) => [pod.id, pod.power]))
      const changes = pods.filter(({ id, power }) => after.get(id) !== power).map((pod) => ({ cameraId: pod.cameraId, camera: pod.cameraName, url: pod.url, before: pod.power, after: after.get(pod.id) }))
      await auditPowerChanges(audit, changes, 'found out by cutting ports', async () => {
        await store.change((file) => ({ ...file, pods: reassigned(file.pods, matches) }), signal)
        if (isLoaded) await setup.takeUp()
      })
    },
    setPicture: setup.setSnapshotUrl,
    pictureOffer: async (camera, signal) => offerOf(camera, { captures, clock }, signal),
    exportYaml: async () => {
      const { pods } = await store.read()
      return { text: `# The rack as Rackbench knows it. Passwords and commands of this computer are not in here.\n${writeYaml(rackDocument(pods))}`, pods: pods.length }
    },
    planImport: async (wish) => (await plan(wish, await store.read())).view,
    importYaml: async (wish, signal) => {
      // Refused here already, so that the audit log tells of imports and not of typing errors.
      const { view } = importable(await plan(wish, await store.read()), wish)
      const details = { added: view.added.length, changed: view.changed.length, pods: [...view.added, ...view.changed].map((each) => each.camera).join(', ') }
      await audit.around({ what: 'import inventory', subject: 'the rack', details }, async () => {
        await store.change(async (file) => rackFileSchema.parse({ ...file, pods: importable(await plan(wish, file), wish).pods }), signal)
        if (isLoaded) await setup.takeUp()
      })
      return view
    },
  }
}

function importable<P extends PlannedRack & { readonly view: RackImportView }>(planned: P, wish: { readonly hash: string }): P {
  const [problem] = planned.view.problems
  if (problem) throw new WorkbenchError('input/malformed', `Line ${problem.line}: ${problem.message}`, { context: { problems: planned.view.problems.length, line: problem.line }, hint: 'Nothing was imported' })
  if (planned.view.hash !== wish.hash) throw new WorkbenchError('input/conflict', 'The rack has changed since this import was looked at', { hint: 'Look at it again; nothing was imported' })
  return planned
}

function addressesIn(value: unknown): string[] {
  const pods: unknown = typeof value === 'object' && value !== null && 'pods' in value ? value.pods : undefined
  if (!Array.isArray(pods)) return []
  return pods.flatMap((pod: unknown) => (typeof pod === 'object' && pod !== null && 'address' in pod && typeof pod.address === 'string' && pod.address.length <= 512 ? [pod.address] : []))
}
