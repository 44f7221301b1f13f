import type { BootProfile, Soc } from '../../shared/devices/deviceProfile.schema.ts'
import { requirePower } from '../../shared/devices/powerNeeds.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { RestoreRequest } from '../../shared/restore/restore.schema.ts'
import { createBootRomStarter } from '../core/bootrom/bootRomStarter.ts'
import type { CameraEntry } from '../core/rack/rackBook.ts'
import type { Starter } from '../core/workflows/restore/bench.ts'
import { buildBootBlob, parseBootProfile } from '../core/workflows/restore/bootBlob.ts'
import type { PlanFacts } from '../core/workflows/restore/plan.ts'
import { ubootNameOf } from '../core/profiles/chipCatalogue.ts'
import { splitChipName } from '../core/profiles/profileFile.ts'
import { readStoredProfile } from '../core/profiles/readStoredProfile.ts'
import { findBootFiles } from '../drivers/files/bootFiles.ts'
import { createProfileFolder, type LoadedProfile } from '../drivers/profiles/profileFolder.ts'
import { createUbootImages } from '../drivers/profiles/ubootImages.ts'

export interface BootDeskDeps {
  readonly clock: Clock
  readonly dataFolder: string
  readonly ask: (question: string, signal: AbortSignal) => Promise<void>
}
export type BootWish = Pick<RestoreRequest, 'boot' | 'profilePath' | 'ubootPath'>

/** `undefined` for anything but our own errors, which stay errors. */
export async function orProblem<T>(work: () => Promise<T>): Promise<T | WorkbenchError> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof WorkbenchError) return error
    throw error
  }
}

export interface BootFacts {
  readonly plan: PlanFacts['boot']
  /** What the boot ROM gets over the console; a pod gets the blob. */
  readonly parts: { readonly profile: BootProfile | undefined; readonly spl: Uint8Array | undefined; readonly image: Uint8Array; readonly payload?: Uint8Array | undefined } | undefined
}

/** The U-Boot image as it lies on the disk: what an installation writes, whatever way it is loaded. */
export async function findUbootImage(request: BootWish, { devices, spec }: CameraEntry, soc: Soc | undefined, deps: Pick<BootDeskDeps, 'dataFolder' | 'clock'>): Promise<Uint8Array | WorkbenchError> {
  const { uboot } = await findFiles(fileWish(request, devices, spec), soc, deps)
  return uboot instanceof WorkbenchError ? uboot : uboot.bytes
}

const fileWish = (request: BootWish, devices: CameraEntry['devices'], spec: CameraEntry['spec']): FileWish =>
  ({ chip: spec.chip, profilePath: request.profilePath ?? devices.bootFiles?.profilePath, ubootPath: request.ubootPath ?? devices.bootFiles?.ubootPath })

const ownUboot = ({ power }: CameraEntry['devices']): BootFacts =>
  ({ plan: { method: 'manual', profile: '', uboot: '', blob: undefined, problems: [], ...(power.ability === 'manual' ? {} : { switchedBy: power.label }) }, parts: undefined })

/** Which way leads to a U-Boot prompt on this camera, and what for it was found; `payload` is loaded in its place. Problems are told, not thrown. */
export async function findBoot(request: BootWish, camera: CameraEntry, soc: Soc | undefined, deps: Pick<BootDeskDeps, 'dataFolder' | 'clock'>, work: 'restore' | 'burn' | 'install' = 'restore', payload?: Uint8Array): Promise<BootFacts> {
  const { devices, spec } = camera
  if (request.boot === 'own') return ownUboot(devices)
  const found = await findFiles(fileWish(request, devices, spec), soc, deps)
  const isStandard = soc?.protocol === 'standard'
  const missing = [...(isStandard ? [found.profile] : []), found.uboot].filter((each) => each instanceof WorkbenchError)
  const isAsked = request.boot === 'upload' || request.profilePath !== undefined || request.ubootPath !== undefined
  // Without the files a camera on a desk can still be stopped in its own U-Boot; a pod has no other way, and says what is missing.
  if (!devices.pod && !isAsked && missing.length > 0) return ownUboot(devices)
  const method = devices.pod ? 'pod' : 'boot-rom'
  const names = { profile: found.profile instanceof WorkbenchError ? '' : found.profile.path, uboot: found.uboot instanceof WorkbenchError ? '' : found.uboot.path }
  const refused = (problems: readonly WorkbenchError[]): BootFacts => ({ plan: { method, ...names, blob: undefined, problems }, parts: undefined })
  if (found.uboot instanceof WorkbenchError || missing.length > 0 || !soc) return refused(missing)
  const { uboot, profile: profileFile } = found
  return await orProblem(async (): Promise<BootFacts> => {
    // Absent for the chips that need none.
    const { profile, spl } = profileFile instanceof WorkbenchError ? { profile: undefined, spl: undefined } : profileFile
    const blob = !devices.pod && !isStandard ? uboot.bytes : buildBootBlob(soc, profile, uboot.bytes, spl, payload)
    if (!devices.pod) requirePower(work, devices.power, true)
    return { plan: { method, ...names, blob, problems: [] }, parts: devices.pod ? undefined : { profile, spl, image: uboot.bytes, payload } }
  }).then((facts) => (facts instanceof WorkbenchError ? refused([facts]) : facts))
}

const unknownChip = (chip: string): WorkbenchError => new WorkbenchError('input/not-supported', `Unknown chip "${chip.slice(0, 40)}"`, { hint: '"rackbench chips" lists the names' })

interface FileWish { readonly chip: string; readonly profilePath: string | undefined; readonly ubootPath: string | undefined }

const noNetwork: typeof globalThis.fetch = async () => Promise.reject(new WorkbenchError('link/unreachable', 'A plan asks no network'))

/** Files that the person names, else those of the data folder: there a chip may have variants, and a U-Boot is compared with the one first used. */
async function findFiles({ chip: given, profilePath, ubootPath }: FileWish, soc: Soc | undefined, { dataFolder, clock }: Pick<BootDeskDeps, 'dataFolder' | 'clock'>): Promise<FoundFiles> {
  const { chip, variant } = splitChipName(given.toLowerCase())
  const named = await findBootFiles({ chip, ubootName: soc?.ubootName, dataFolder, profilePath, ubootPath })
  const ofFolder = async (): Promise<LoadedProfile | WorkbenchError> => orProblem(async () => {
    if (named.profile instanceof WorkbenchError) throw named.profile
    if (!soc) throw unknownChip(chip)
    const folder = createProfileFolder(dataFolder, new Map([[soc.name, soc]]), { read: (text, _chip, wanted) => readStoredProfile(text, soc, wanted) })
    return folder.load(chip, variant, new AbortController().signal)
  })
  const ofFile = async (): Promise<LoadedProfile | WorkbenchError> => orProblem(async () => {
    if (named.profile instanceof WorkbenchError) throw named.profile
    return { path: named.profile.path, profile: parseBootProfile(named.profile.text, named.profile.path), spl: undefined }
  })
  const ofCache = async (): Promise<FoundFiles['uboot']> => orProblem(async () => {
    if (named.uboot instanceof WorkbenchError) throw named.uboot
    if (!soc) throw unknownChip(chip)
    return createUbootImages({ dataFolder, fetch: noNetwork, clock }).cached(ubootNameOf(soc), new AbortController().signal)
  })
  return { profile: profilePath === undefined ? await ofFolder() : await ofFile(), uboot: ubootPath === undefined ? await ofCache() : named.uboot }
}

interface FoundFiles {
  readonly profile: LoadedProfile | WorkbenchError
  readonly uboot: { readonly path: string; readonly bytes: Uint8Array } | WorkbenchError
}

/** A person has to find the right plug. */
const byHandLimitMs = 600_000
/** Two attempts of 26 s each at 115200 baud, with the switch's own times. */
const bySwitchLimitMs = 240_000

export function starterOf({ plan, parts }: BootFacts, { devices }: CameraEntry, soc: Soc | undefined, { clock, ask }: Pick<BootDeskDeps, 'clock' | 'ask'>): Starter {
  const { pod, power } = devices
  if (pod && plan.blob) {
    return { method: 'pod', blob: plan.blob, fastboot: async (bytes, signal) => pod.fastboot(bytes, signal), powerCycle: async (signal) => power.cycle(2_000, signal) }
  }
  const byHand = power.ability === 'manual'
  if (!parts || !soc) return { method: 'manual', ask, ...(byHand ? {} : { power }) }
  return { ...createBootRomStarter({ clock, soc, profile: parts.profile, spl: parts.spl, image: parts.image, payload: parts.payload, power, mode: byHand ? 'quiet' : 'flooding' }), limitMs: byHand ? byHandLimitMs : bySwitchLimitMs, ...(byHand ? {} : { powerCycle: async (signal: AbortSignal) => power.cycle(3_000, signal) }) }
}
