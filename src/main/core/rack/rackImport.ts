import { type CameraId, cameraIdSchema, type PodId, podIdSchema } from '../../../shared/devices/ids.ts'
import { type PowerSpec, powerSpecSchema } from '../../../shared/devices/powerSpec.schema.ts'
import { issueWords } from '../../../shared/errors/issueWords.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { emptyInventory, type Inventory } from '../../../shared/rack/inventory.schema.ts'
import { type DocumentPod, rackDocumentSchema } from '../../../shared/rack/rackDocument.schema.ts'
import type { RackImportView } from '../../../shared/rack/rackImport.schema.ts'
import type { PodSpec } from './rackBook.ts'
import { sharedPower } from './rackDocument.ts'
import { changesOf, quoted } from './rackImportWords.ts'

type Path = readonly (string | number)[]

export interface ImportFacts {
  readonly document: { readonly value: unknown; readonly lineOf: (path: Path) => number }
  readonly keepIds: boolean
  /** The rack as it is. */
  readonly pods: readonly PodSpec[]
  readonly newToken: () => string
  readonly maxPods: number
  /** Throws what is wrong with a pod that would be used. */
  readonly check: (spec: PodSpec) => void
  /** The same for every address of one line. */
  readonly lineNameOf: (url: string) => string
}

export interface PlannedRack {
  /** The whole rack afterwards; as it is, where there are problems. */
  readonly pods: readonly PodSpec[]
  readonly view: Omit<RackImportView, 'hash'>
}

interface Taken { readonly spec: PodSpec; readonly was: PodSpec | undefined; readonly at: Path }
type Tell = (at: Path, message: string) => void

const maxProblems = 50

/** What a file would make of the rack. It tells everything that is wrong with it, and then nothing of it is taken. */
export function planRackImport(facts: ImportFacts): PlannedRack {
  const { document, pods } = facts
  const problems: { readonly line: number; readonly message: string }[] = []
  const tell: Tell = (at, message) => { if (problems.length < maxProblems) problems.push({ line: document.lineOf(at), message }) }
  const notes: string[] = []
  const entries = readDocument(facts, tell)
  refuseDoubleIds(entries, tell)
  const taken = entries.flatMap((entry, index) => takePod(entry, ['pods', index], facts, tell, notes) ?? [])
  const after = [...pods.map((pod) => taken.find(({ was }) => was?.id === pod.id)?.spec ?? pod), ...taken.flatMap(({ spec, was }) => (was ? [] : [spec]))]
  refuseTwins(taken, after, facts, tell)
  if (after.length > facts.maxPods) tell(['pods'], `that makes ${after.length} pods, and a rack holds ${facts.maxPods}`)
  const named = ({ id, name, cameraName }: PodSpec): { podId: string; camera: string; pod: string } => ({ podId: id, camera: cameraName, pod: name })
  const compared = taken.flatMap(({ spec, was }) => (was ? [{ ...named(was), changes: changesOf(was, spec) }] : []))
  return {
    pods: problems.length > 0 ? pods : after,
    view: {
      added: taken.filter(({ was }) => !was).map(({ spec }) => ({ ...named(spec), address: spec.url })),
      changed: compared.filter(({ changes }) => changes.length > 0),
      unchanged: compared.filter(({ changes }) => changes.length === 0).map(({ changes: _none, ...names }) => names),
      untouched: pods.filter((pod) => !taken.some(({ was }) => was?.id === pod.id)).map(named),
      notes, problems: problems.toSorted((a, b) => a.line - b.line),
    },
  }
}

function readDocument({ document, maxPods }: ImportFacts, tell: Tell): readonly DocumentPod[] {
  if (document.value === null || document.value === undefined) { tell([], 'the file is empty'); return [] }
  const read = rackDocumentSchema.safeParse(document.value)
  if (read.success) {
    if (read.data.pods.length <= maxPods) return read.data.pods
    tell(['pods'], `there are ${read.data.pods.length} pods, and a rack holds ${maxPods}`)
    return []
  }
  for (const issue of read.error.issues) {
    const at = issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
    if (issue.code === 'unrecognized_keys') issue.keys.forEach((key) => { tell([...at, key], `${quoted(key)} is no key of a rack file`) })
    else tell(at, at.length === 0 ? 'this is no rack file: it begins with "rackbench: 1" and "pods:"' : `${at.filter((step) => typeof step === 'string').join('.')}: ${issueWords(issue)}`)
  }
  return []
}

function refuseDoubleIds(entries: readonly DocumentPod[], tell: Tell): void {
  const seen = new Map<string, number>()
  const look = (id: string | undefined, kind: string, at: Path, index: number): void => {
    if (id === undefined) return
    const first = seen.get(`${kind} ${id}`)
    if (first === undefined) seen.set(`${kind} ${id}`, index)
    else tell(at, `the ${kind} id ${id} stands in this file twice: entries ${first + 1} and ${index + 1}`)
  }
  entries.forEach(({ id, camera }, index) => {
    look(id, 'pod', ['pods', index, 'id'], index)
    look(camera.id, 'camera', ['pods', index, 'camera', 'id'], index)
  })
}

/** One entry: a pod of this rack by its id, or its camera's; a new one without. */
function takePod(entry: DocumentPod, at: Path, facts: ImportFacts, tell: Tell, notes: string[]): Taken | undefined {
  const { camera } = entry
  const was = facts.pods.find(({ id, cameraId }) => (entry.id === undefined ? cameraId === camera.id : id === entry.id))
  const isGiven = entry.id !== undefined || camera.id !== undefined
  if (was && camera.id !== undefined && camera.id !== was.cameraId) {
    tell([...at, 'camera', 'id'], `the pod ${was.id} has the camera ${was.cameraId} here, not ${camera.id}`)
    return undefined
  }
  if (!was && camera.id !== undefined && facts.pods.some(({ cameraId }) => cameraId === camera.id)) {
    tell([...at, 'camera', 'id'], `the camera ${camera.id} belongs to another pod here`)
    return undefined
  }
  if (!was && isGiven && !facts.keepIds) {
    const [where, word, id] = entry.id !== undefined ? [[...at, 'id'], 'pod', entry.id] as const : [[...at, 'camera', 'id'], 'camera', camera.id ?? ''] as const
    tell(where, `this rack has no ${word} ${id}; leave the id away to add it as a new one, or take over the ids of the file`)
    return undefined
  }
  const address = entry.address ?? was?.url
  const chip = (camera.chip ?? was?.chip)?.toLowerCase()
  if (address === undefined || chip === undefined) {
    tell(at, `a new pod needs ${address === undefined ? 'its address' : 'the chip of its camera'}`)
    return undefined
  }
  const power = takePower(entry, was, at, tell, notes)
  const token = facts.newToken()
  const spec: PodSpec = {
    ...idsOf(entry, was, token), url: address, chip,
    name: entry.name ?? was?.name ?? `pod-${token}`, cameraName: camera.name ?? was?.cameraName ?? `cam-${token}`,
    ...(power === undefined ? {} : { power }), ...inventoryOf(camera, was),
  }
  try {
    facts.check(spec)
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error
    tell(entry.address !== undefined && error.message.includes('no port') ? [...at, 'address'] : at, error.message)
  }
  return { spec, was, at }
}

const idsOf = (entry: DocumentPod, was: PodSpec | undefined, token: string): { readonly id: PodId; readonly cameraId: CameraId } =>
  ({ id: was?.id ?? entry.id ?? podIdSchema.parse(`pod-${token}`), cameraId: was?.cameraId ?? entry.camera.id ?? cameraIdSchema.parse(`cam-${token}`) })

function inventoryOf({ labels, group, notes, maintenance, place }: DocumentPod['camera'], was: PodSpec | undefined): { readonly inventory?: Inventory } {
  const old = was?.inventory ?? emptyInventory
  const aside = maintenance === undefined ? old.maintenance : maintenance ?? undefined
  const stands = place === undefined ? old.place : place ?? undefined
  const inventory = { labels: labels ?? old.labels, group: group ?? old.group, notes: notes ?? old.notes, ...(aside ? { maintenance: aside } : {}), ...(stands ? { place: stands } : {}) }
  const isEmpty = inventory.labels.length === 0 && inventory.group === '' && inventory.notes === '' && !aside && !stands
  return isEmpty && was?.inventory === undefined ? {} : { inventory }
}

/** The switch of an entry. A file never names a command of this computer, and never sends a kept password to another place. */
function takePower({ power: given }: DocumentPod, was: PodSpec | undefined, at: Path, tell: Tell, notes: string[]): PowerSpec | undefined {
  if (given === undefined) return was?.power
  if (given === null) return undefined
  const where = [...at, 'power']
  if (given['kind'] === 'command') { tell(where, 'commands of this computer are not taken from a file; choose the command in the window'); return was?.power }
  const read = powerSpecSchema.safeParse(given)
  if (!read.success) {
    for (const issue of read.error.issues) tell([...where, ...issue.path.map(String)], `power${issue.path.map((step) => `.${String(step)}`).join('')}: ${issueWords(issue)}`)
    return was?.power
  }
  const power = read.data
  const strange = Object.keys(given).find((key) => !(key in power) || key === 'passwordRef')
  if (strange !== undefined) { tell([...where, strange], strange === 'passwordRef' ? 'passwords stay on this computer and are not taken from a file' : `${quoted(strange)} is no key of a ${power.kind} power`); return was?.power }
  const before = was?.power && sharedPower(was.power)
  if (before && sameText(before, power)) return was.power
  if (power.kind === 'routeros' || power.kind === 'tasmota') notes.push(`The password of ${power.kind === 'routeros' ? 'the RouterOS switch' : 'the Tasmota plug'} ${power.host} has to be entered again, under Power`)
  return power
}

const sameText = (a: object, b: object): boolean => sorted(a) === sorted(b)
const sorted = (value: object): string => JSON.stringify(Object.entries(value).filter(([, each]) => each !== undefined).sort(([a], [b]) => (a < b ? -1 : 1)))

/** Two pods on one line, or two cameras of one name where it was not so before. */
function refuseTwins(taken: readonly Taken[], after: readonly PodSpec[], { lineNameOf }: ImportFacts, tell: Tell): void {
  const byLine = groupBy(after, ({ url }) => lineNameOf(url))
  const byName = groupBy(after, ({ cameraName }) => cameraName)
  const told = new Set<PodSpec>()
  for (const { spec, was, at } of taken) {
    const onLine = byLine.get(lineNameOf(spec.url))?.find((each) => each !== spec)
    if (onLine && !told.has(onLine) && was?.url !== spec.url) { tell([...at, 'address'], `${quoted(spec.url)} is the line of ${onLine.cameraName} as well`); told.add(spec) }
    const called = byName.get(spec.cameraName)?.find((each) => each !== spec)
    if (called && !told.has(called) && was?.cameraName !== spec.cameraName) { tell([...at, 'camera', 'name'], `there are two cameras named ${quoted(spec.cameraName)}`); told.add(spec) }
  }
}

function groupBy(pods: readonly PodSpec[], keyOf: (pod: PodSpec) => string): ReadonlyMap<string, readonly PodSpec[]> {
  const groups = new Map<string, PodSpec[]>()
  for (const pod of pods) {
    const key = keyOf(pod)
    const group = groups.get(key)
    if (group) group.push(pod)
    else groups.set(key, [pod])
  }
  return groups
}
