import type { CameraId } from '../../../shared/devices/ids.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { JobNews } from '../../../shared/jobs/jobEvent.ts'
import type { Job } from '../../../shared/jobs/reduceJob.ts'
import { type IdentityFacts, type IdentityField, identityFields, type IdentityReading, type IdentityView } from '../../../shared/rack/identity.schema.ts'
import { wallText } from '../report/reportText.ts'

export interface Remembered { readonly value: string; readonly atMs: number; readonly job: string }
export type KnownIdentity = Readonly<Partial<Record<IdentityField, Remembered>>>

export interface CameraIdentity {
  readonly known: KnownIdentity
  /** Read since, and of another camera. */
  readonly found?: { readonly facts: IdentityFacts; readonly atMs: number } | undefined
}

/** What a job compares what it reads with. */
export interface IdentityCheck {
  readonly cameraName: string
  readonly known: KnownIdentity
  /** A person has said that it is another camera now. */
  readonly accept: boolean
  /** Of the console, while it is plugged in. */
  readonly adapter?: string | undefined
}

const compared = ['mac', 'soc', 'jedecId', 'flashSize', 'adapter'] as const
const words: Readonly<Record<IdentityField, string>> = { mac: 'MAC address', soc: 'chip', jedecId: 'flash (JEDEC id)', flashSize: 'flash size', adapter: 'USB adapter', ubootVersion: 'U-Boot' }

/** ev200 and ev300 and the like run each other's U-Boot builds; a different series never does. */
export const chipFamily = (chip: string): string => chip.toLowerCase().split(':')[0]?.replace(/^([a-z]+\d+[a-z]*).*$/, '$1') ?? ''

/** Compiled into U-Boot builds, or no address at all: thousands of cameras have it, so it tells none of them. */
const nobodys = new Set(['00:00:23:34:45:66', '00:00:00:00:00:00', 'ff:ff:ff:ff:ff:ff'])

/** Serial NOR comes in powers of two; anything else is a garbled line. `undefined` for other flash, whose size is not of the chip alone. */
export function norSize(kind: string | undefined, flashBytes: number): string | undefined {
  const size = `${flashBytes / 1024 ** 2} MiB`
  return (kind ?? 'nor') === 'nor' && flashBytes > 0 && bytesOfFlash(size) === flashBytes ? size : undefined
}

function bytesOfFlash(size: string | undefined): number {
  const mib = Number(/^([1-9]\d{0,3}) MiB$/.exec(size ?? '')?.[1] ?? 0)
  return Number.isInteger(Math.log2(mib)) ? mib * 1024 ** 2 : 0
}

/** What is known of its NOR, 0 while nothing is. */
export const knownFlashBytes = ({ known }: CameraIdentity): number => bytesOfFlash(known.flashSize?.value)

/** Only what can tell cameras apart, each in one spelling. */
export function identityFacts({ mac, soc, jedecId, flashSize, adapter, ubootVersion }: { readonly [F in IdentityField]?: string | undefined }): IdentityFacts {
  const address = mac?.trim().toLowerCase().replaceAll('-', ':') ?? ''
  const flash = jedecId?.trim().toLowerCase().replace(/^0x/, '') ?? ''
  return {
    ...(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(address) && !nobodys.has(address) ? { mac: address } : {}),
    ...(soc !== undefined && /^[A-Za-z0-9_-]{2,40}$/.test(soc.trim()) ? { soc: soc.trim().toLowerCase() } : {}),
    ...(/^[0-9a-f]{6,16}$/.test(flash) && !/^(0+|f+)$/.test(flash) ? { jedecId: flash } : {}),
    ...(flashSize !== undefined && bytesOfFlash(flashSize) > 0 ? { flashSize } : {}),
    ...(adapter?.startsWith('usb://') === true ? { adapter: adapter.slice(0, 512) } : {}),
    ...(ubootVersion === undefined || ubootVersion.trim() === '' ? {} : { ubootVersion: ubootVersion.trim().slice(0, 200) }),
  }
}

/** The journal says who the camera is: what its jobs have read, up to the last that a person accepted. `jobs` newest first. */
export function identityOf(jobs: readonly Job[], camera: CameraId): CameraIdentity {
  let known: Partial<Record<IdentityField, Remembered>> = {}
  let found: CameraIdentity['found']
  for (const job of jobs.filter((each) => each.camera === camera).reverse()) {
    const atMs = job.identity?.atMs ?? job.endedAtMs ?? job.queuedAtMs
    if (job.identity?.state === 'differs') { found = { facts: job.identity.facts, atMs }; continue }
    if (job.identity) found = undefined
    if (job.identity?.state === 'accepted') known = {}
    for (const field of identityFields) {
      const value = job.identity?.facts[field] ?? (known[field] ? undefined : readBefore(job)[field])
      if (value !== undefined) known[field] = { value, atMs, job: job.title }
    }
    // It was proved to stand in the flash, whatever stood there before. A job that wrote over the environment without that changes nothing of
    // what is known: should the image have brought another camera's address, the next job says so before it erases anything.
    const { environment } = job
    if (environment?.state === 'proved') known.mac = { value: environment.mac.address, atMs, job: job.title }
  }
  return { known, found }
}

/** Jobs of before readings were kept say what they learnt in other words. */
const readBefore = ({ identity, agent }: Job): IdentityFacts => (identity ? {} : identityFacts({ jedecId: agent?.jedecId, flashSize: agent && norSize(agent.flashKind, agent.flashBytes) }))

export interface Difference { readonly field: IdentityField; readonly known: Remembered; readonly found: string }

/** What is not known on one of the two sides is no difference. */
export function differencesOf(known: KnownIdentity, facts: IdentityFacts): readonly Difference[] {
  return compared.flatMap((field) => {
    const [before, found] = [known[field], facts[field]]
    if (before === undefined || found === undefined) return []
    const isSame = field === 'soc' ? chipFamily(before.value) === chipFamily(found) : before.value === found
    return isSame ? [] : [{ field, known: before, found }]
  })
}

export function wrongIdentity(cameraName: string, differences: readonly Difference[]): WorkbenchError {
  const said = differences.map(({ field, known, found }) => `its ${words[field]} is ${found}, and was ${known.value} when "${known.job.slice(0, 60)}" read it at ${wallText(known.atMs).slice(0, 16)} UTC`)
  const [first] = differences
  return new WorkbenchError('device/wrong-identity', `This is not the ${cameraName} that is known here: ${said.join('; ')}`, {
    context: { field: first?.field ?? '', known: first?.known.value ?? '', found: first?.found ?? '', knownAtMs: first?.known.atMs ?? 0 },
    hint: `Nothing was erased. If the camera was swapped${differences.every(({ field }) => field === 'mac') ? ', or an image that was written to it brought this address' : ''}, accept the new one: in the plan, or with --accept-identity`,
  })
}

/** Known before a job: what the last look found, and what is plugged in now. */
export function knownBefore({ known, found }: CameraIdentity, now: IdentityFacts): readonly Difference[] {
  return differencesOf(known, { ...found?.facts, ...now })
}

/** Tells what was read; before destructive work it is the gate. */
export function judgeIdentity({ cameraName, known, accept, adapter }: IdentityCheck, read: IdentityFacts, tell: (news: JobNews) => void, isDestructive: boolean): void {
  const facts = { ...read, ...identityFacts({ adapter }) }
  const differences = differencesOf(known, facts)
  const state: IdentityReading['state'] = differences.length > 0 ? (accept ? 'accepted' : 'differs') : compared.some((field) => known[field]) ? 'same' : 'first'
  tell({ type: 'identity-read', facts, state })
  if (state !== 'differs') return
  const error = wrongIdentity(cameraName, differences)
  if (isDestructive) throw error
  tell({ type: 'noted', level: 'warning', message: error.message })
}

export function viewIdentity({ known, found }: CameraIdentity): IdentityView {
  return {
    known: identityFields.flatMap((field) => { const each = known[field]; return each ? [{ field, ...each }] : [] }),
    differences: found ? differencesOf(known, found.facts).map(({ field, known: before, found: value }) => ({ field, known: before.value, found: value, knownAtMs: before.atMs, foundAtMs: found.atMs })) : [],
  }
}
