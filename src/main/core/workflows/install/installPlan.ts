import { toWire, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { InstallPlan, InstallRequest } from '../../../../shared/install/install.schema.ts'
import type { PlannedPhase } from '../../../../shared/restore/restore.schema.ts'
import type { OpenIpcRelease } from '../../../protocols/openipc/release.ts'
import { wallText } from '../../report/reportText.ts'
import { type Load, type PlacedPart, roundUp } from '../restore/layout.ts'
import type { Placement } from '../restore/mediumLayout.ts'
import { holdsNoUboot, noUboot, type UbootContents } from '../ubootCheck.ts'
import { bindingHash, collectRefusals, contentsHash, type PlanFacts, planWriting } from '../restore/plan.ts'
import type { InputTools } from '../restore/rawInput.ts'
import { bootSettingsFor, installLayouts, type InstallLayout, type InstallParts, layoutForFlash, lebBytesOf, placeRelease } from './installLayout.ts'

export interface InstallFacts extends Omit<PlanFacts, 'request' | 'input'> {
  readonly request: InstallRequest
  readonly release: OpenIpcRelease | WorkbenchError
  /** The U-Boot that goes into the flash: the one that is loaded into RAM first, unless the camera's own is only stopped. */
  readonly uboot: Uint8Array | WorkbenchError
  /** What that image says of itself; absent where it could not be read at all. */
  readonly ubootContents: UbootContents | undefined
  /** Where `flashBytes` is what a job has read. */
  readonly flashReadBy?: { readonly job: string; readonly atMs: number }
}

export interface PreparedInstall {
  readonly plan: InstallPlan
  readonly loads: readonly Load[]
  readonly blob: Uint8Array | undefined
}

const mib = 1024 * 1024

export function planInstall(facts: InstallFacts, tools: Pick<InputTools, 'hashHex'>): PreparedInstall {
  const { refusals, attempt } = collectRefusals()
  const { request, soc } = facts
  const orRefuse = <T>(value: T | WorkbenchError): T | undefined => {
    // What keeps U-Boot from RAM is told as such; the same file need not be missed twice.
    if (value instanceof WorkbenchError) { if (!facts.boot.problems.includes(value)) refusals.push(toWire(value)); return undefined }
    return value
  }
  const release = orRefuse(facts.release)
  const uboot = orRefuse(facts.uboot)
  if (holdsNoUboot(facts.ubootContents)) refusals.push(toWire(noUboot(facts.boot.uboot === '' ? 'The U-Boot image' : facts.boot.uboot, 'The camera would not start again')))
  const layout = attempt(() => chooseLayout(facts))
  // What the rack knows is the size of a camera's NOR.
  const flashBytes = request.flashType === 'nor' ? facts.flashBytes : 0
  const flash = layout && { kind: layout.flash, lengthBytes: flashBytes > 0 ? flashBytes : layout.flashBytes, eraseBytes: layout.eraseBytes }
  const placed = release && uboot && layout && flash && soc ? attempt(() => placeRelease({ layout, flash, soc, release, uboot })) : undefined
  const placement = layout && placed && release ? placementOf(layout, placed, release, facts.boot.uboot) : undefined
  const totalBytes = placement?.parts.reduce((sum, { bytes }) => sum + bytes.length, 0) ?? 0
  const sha256 = placement ? contentsHash(placement.parts, tools) : ''
  const { loads, decided: written, phases, forecastMs } = planWriting({ ...facts, flashBytes, placement, totalBytes, sha256 }, refusals, attempt)
  const shown = layout ?? installLayouts.nor8
  const decided = {
    request, cameraName: facts.cameraName, podName: facts.podName, chip: facts.chip,
    input: { kind: 'release', path: request.releasePath, totalBytes, sha256 },
    flashBytes, flash: { kind: request.flashType, reason: 'the layout is for it', isAssumed: false }, ...written,
    layout: { name: shown.name, flashBytes: shown.flashBytes, mtdparts: shown.mtdparts, environment: { offsetBytes: shown.env.offsetBytes, lengthBytes: shown.env.lengthBytes } },
    release: releaseFacts(release),
    // The camera tells its memory only at its prompt; the plan shows the rest.
    settings: release ? [...bootSettingsFor(shown, release.rootfsKind, '999M').variables].map(([name, value]) => ({ name, value: value.replace('mem=999M', 'mem=${osmem}') })) : [],
  } as const
  const hash = bindingHash(decided, facts.boot.blob, tools)
  const warnings = [...(placed?.warnings ?? release?.warnings ?? []), ...(placement?.warnings ?? []), ...ownWarnings({ ...facts, flashBytes })]
  const all = withEnvironment(phases)
  const plan: InstallPlan = { ...decided, hash, phases: [...all], forecastMs: forecastMs + all.reduce((sum, each) => sum + (phases.includes(each) ? 0 : each.forecastMs), 0), warnings, refusals }
  return { plan, loads, blob: facts.boot.blob }
}

function chooseLayout({ request, flashBytes }: InstallFacts): InstallLayout {
  if (request.flashType === 'nand') return installLayouts.nand
  if (request.norMib !== undefined) return installLayouts[`nor${request.norMib}`]
  if (flashBytes > 0) return layoutForFlash('nor', flashBytes)
  throw new WorkbenchError('input/conflict', 'Nobody knows how large this camera\'s flash is, and the layout depends on it', {
    hint: 'Choose the layout: NOR of 8, 16 or 32 MiB, or NAND (--nor-size 8|16|32, --nand). The camera is asked before anything is written',
  })
}

/** The kernel mounts ubi0:rootfs, whatever the partition is called. */
const rootVolume = 'rootfs'

function placementOf(layout: InstallLayout, { parts }: InstallParts, release: OpenIpcRelease, ubootPath: string): Placement {
  const sources: Readonly<Record<string, string>> = { boot: ubootPath === '' ? 'U-Boot' : ubootPath, kernel: release.kernel.name, rootfs: release.rootfs.name }
  const isNand = layout.flash === 'nand'
  const placed = parts.map(({ area, bytes, writeAs }): PlacedPart => {
    const { name, offsetBytes, lengthBytes } = area
    const whole = { name, source: sources[name] ?? name, offsetBytes, bytes, isBoot: name === 'boot' }
    if (!isNand) return { ...whole, eraseBytes: lengthBytes }
    const partition = { name: writeAs === 'raw' ? name : 'ubi', offsetBytes, ...(writeAs === 'raw' ? { lengthBytes } : {}) }
    if (writeAs === 'raw') return { ...whole, eraseBytes: lengthBytes, medium: { kind: 'nand', partition, withinBytes: 0, endsPartition: true } }
    return {
      ...whole, eraseBytes: roundUp(bytes.length, layout.eraseBytes),
      medium: { kind: 'ubi', partition, volume: { name: rootVolume, type: 'dynamic' }, lebBytes: lebBytesOf(layout), blockBytes: layout.eraseBytes },
    }
  })
  return {
    parts: placed,
    ...(isNand ? { mtd: { ids: 'nand0=hinand', parts: `mtdparts=${layout.mtdparts}` } } : {}),
    warnings: isNand ? ['The UBI partition is erased and its volume made anew'] : [],
  }
}

const releaseFacts = (release: OpenIpcRelease | undefined): InstallPlan['release'] => ({
  soc: release?.soc ?? '', kernelName: release?.kernelName ?? '', rootfsKind: release?.rootfsKind ?? 'squashfs',
  files: release ? [release.kernel, release.rootfs].map(({ name, bytes, md5 }) => ({ name, lengthBytes: bytes.length, md5 })) : [],
})

function ownWarnings({ request, boot, ubootContents, flashBytes, flashReadBy }: InstallFacts): readonly string[] {
  return [
    ...(ubootContents?.isUnread === true ? ['Which U-Boot is in the image is not known: it is packed in a way that is not read here. Neither its answer nor the restart can be compared with it'] : []),
    ...(boot.method === 'manual' ? ['This U-Boot has not been seen to run on this camera before it is written: the camera\'s own one is stopped instead of loading it'] : []),
    ...(request.wipeEnv ? ['All of U-Boot\'s variables but the network address are forgotten'] : []),
    ...(flashBytes === 0 ? ['The size of the flash is asked when U-Boot answers, before anything is written'] : []),
    ...(flashBytes > 0 && flashReadBy ? [`${request.norMib === undefined ? 'The layout is for this flash: ' : ''}"${flashReadBy.job.slice(0, 60)}" read its ${flashBytes / mib} MiB at ${wallText(flashReadBy.atMs).slice(0, 16)} UTC; the camera is asked again before anything is written`] : []),
    ...(request.flashType === 'nor' && request.norMib !== undefined && flashBytes > request.norMib * mib ? [`The flash has ${flashBytes / mib} MiB; behind ${request.norMib} MiB all belongs to rootfs_data`] : []),
  ]
}

/** Known and tried before the first write, saved after the last. */
function withEnvironment(phases: readonly PlannedPhase[]): readonly PlannedPhase[] {
  return phases.flatMap((phase): readonly PlannedPhase[] => {
    if (phase.name === 'identify') return [{ name: 'read-environment', title: 'Read variables', cancel: 'anytime', forecastMs: 900 }, phase]
    if (phase.name === 'compare') return [{ name: 'environment', title: 'Try variables', cancel: 'anytime', forecastMs: 2_500 }, phase]
    if (phase.name === 'reset') return [{ name: 'save-environment', title: 'Save variables', cancel: 'at-end', forecastMs: 3_500 }, phase]
    return [phase]
  })
}
