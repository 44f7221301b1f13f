import type { Soc } from '../../../../shared/devices/deviceProfile.schema.ts'
import { hexCrc, crc32 } from '../../../../shared/bytes/crc32.ts'
import { type ImageBytes, isStored } from '../../../../shared/bytes/storedBytes.ts'
import { toWire, type WireError, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { PlannedPartition, PlannedPhase, RestorePlan, RestoreRequest } from '../../../../shared/restore/restore.schema.ts'
import { chooseFlash, type FlashEvidence } from './flashKind.ts'
import { forecast } from './forecast.ts'
import { checkFits, groupLoads, hexText, type Load, offsetsInLoad, roundUp } from './layout.ts'
import { cutAndOrder, type Placement, placeOn } from './mediumLayout.ts'
import type { InputTools, RestoreInput } from './rawInput.ts'
import { sha256Of } from './readInput.ts'
import { chooseTftp, maxLoadBytes, type TftpChoice, type TftpFacts } from './tftpChoice.ts'

/** Everything that was found out before deciding. A thing that failed is its error. */
export interface PlanFacts {
  readonly request: RestoreRequest
  readonly cameraName: string
  readonly podName: string
  readonly chip: string
  readonly soc: Soc | undefined
  /** Of its NOR; 0 while unknown. */
  readonly flashBytes: number
  /** The flash that its last proved restore wrote to. */
  readonly lastRestored?: FlashEvidence | undefined
  readonly input: RestoreInput<ImageBytes> | WorkbenchError
  /** `blob`: what is uploaded. By hand it is nothing: the camera's own U-Boot is stopped. */
  readonly boot: { readonly method: RestorePlan['boot']['method']; readonly profile: string; readonly uboot: string; readonly blob: Uint8Array | undefined; readonly problems: readonly WorkbenchError[]; readonly switchedBy?: string }
  readonly tftp: Omit<TftpFacts, 'totalBytes' | 'wanted' | 'hostIp' | 'deviceIp'>
}

/** The plan and the bytes behind it: only the plan leaves the process. */
export interface PreparedRestore {
  readonly plan: RestorePlan
  readonly loads: readonly Load[]
  readonly blob: Uint8Array | undefined
}

/** The image as fetched ends below; read-backs begin here. */
export const proofDistanceBytes = maxLoadBytes

export function planRestore(facts: PlanFacts, tools: InputTools): PreparedRestore {
  const { refusals, attempt } = collectRefusals()
  const input = attempt(() => { if (facts.input instanceof WorkbenchError) throw facts.input; return facts.input })
  const mtdparts = facts.request.mtdparts ?? input?.mtdparts
  const flash = input && attempt(() => chooseFlash({ wanted: facts.request.flashType, input, mtdparts, lastRestored: facts.lastRestored, flashBytes: facts.flashBytes }))
  const flashType = flash?.kind ?? 'nor'
  // What the rack knows is the size of its NOR.
  const flashBytes = flashType === 'nor' ? facts.flashBytes : 0
  const placement = flash && attempt(() => placeOn(flashType, input, mtdparts))
  // Of an image of a whole chip only what is in use is served.
  const stagedBytes = placement ? placement.parts.reduce((sum, { bytes }) => sum + bytes.length, 0) : input?.totalBytes ?? 0
  const sha256 = input ? contentsHash(input.parts, tools) : ''
  const { loads, decided: written, ...forecasted } = planWriting({ ...facts, request: { ...facts.request, flashType }, flashBytes, placement, totalBytes: stagedBytes, sha256 }, refusals, attempt)
  const decided = {
    request: facts.request, cameraName: facts.cameraName, podName: facts.podName, chip: facts.chip,
    input: { kind: input?.kind ?? 'folder', path: facts.request.inputPath, totalBytes: input?.totalBytes ?? 0, sha256 },
    flashBytes, ...(flash ? { flash } : {}), ...written,
  } as const
  const hash = bindingHash(decided, facts.boot.blob, tools)
  const warnings = [...(input?.warnings ?? []), ...(placement?.warnings ?? []), ...tailWarnings(written.partitions)]
  return { plan: { ...decided, hash, ...forecasted, warnings, refusals }, loads, blob: facts.boot.blob }
}

export type Attempt = <T>(work: () => T) => T | undefined

/** A plan says everything that is in its way and not just the first thing. */
export function collectRefusals(): { readonly refusals: WireError[]; readonly attempt: Attempt } {
  const refusals: WireError[] = []
  return {
    refusals,
    attempt: (work) => {
      try {
        return work()
      } catch (error) {
        if (!(error instanceof WorkbenchError)) throw error
        refusals.push(toWire(error))
        return undefined
      }
    },
  }
}

/** Reasons, and what is known of the flash, change from minute to minute and with each job; what is written and how does not. A size that forbids it is a refusal, which is looked for again. */
export function bindingHash(decided: { readonly tftp: RestorePlan['tftp']; readonly flash?: RestorePlan['flash'] }, blob: Uint8Array | undefined, tools: Pick<InputTools, 'hashHex'>): string {
  const binding = JSON.stringify({ ...decided, flashBytes: undefined, flash: decided.flash?.kind, tftp: { ...decided.tftp, reason: '' }, blob: blob ? tools.hashHex('sha256', blob) : '' })
  return tools.hashHex('sha256', new TextEncoder().encode(binding))
}

export interface WritingFacts extends Pick<PlanFacts, 'chip' | 'soc' | 'flashBytes' | 'boot' | 'tftp'> {
  readonly request: Pick<RestoreRequest, 'flashType' | 'tftpVia' | 'hostIp' | 'deviceIp'>
  readonly placement: Placement | undefined
  readonly totalBytes: number
  /** Names the staged files. */
  readonly sha256: string
}

/** The same for all that is written: how U-Boot gets there, how the files get to it, in which pieces and in which order. */
export function planWriting(facts: WritingFacts, refusals: WireError[], attempt: Attempt): {
  readonly loads: readonly Load[]
  readonly decided: Pick<RestorePlan, 'partitions' | 'mtd' | 'loads' | 'tftp' | 'boot' | 'loadAddress' | 'proofAddress'>
  readonly phases: PlannedPhase[]
  readonly forecastMs: number
} {
  const { flashType, hostIp, deviceIp, tftpVia } = facts.request
  const { placement, totalBytes } = facts
  const placed = placement?.parts
  const tftp = attempt(() => chooseTftp({ ...facts.tftp, wanted: tftpVia, hostIp, deviceIp, totalBytes }))
  // Without its pod the camera cannot be started at all; who would serve the files does not matter then.
  if (tftp && facts.boot.method === 'pod' && facts.tftp.store instanceof WorkbenchError && facts.tftp.store.code === 'link/unreachable') refusals.push(toWire(facts.tftp.store))
  const loadAddress = attempt(() => loadAddressOf(facts))
  facts.boot.problems.forEach((problem) => refusals.push(toWire(problem)))
  if (placed && facts.flashBytes > 0) attempt(() => {
    placed.forEach(({ name, offsetBytes, bytes }) => { checkFits({ name, endBytes: offsetBytes + bytes.length }, facts.flashBytes) })
  })
  const limitBytes = tftp?.maxLoadBytes ?? maxLoadBytes
  const ordered = attempt(() => cutAndOrder(flashType, placed ?? [], limitBytes, tftp?.via ?? 'host')) ?? []
  const loads = groupLoads(ordered, limitBytes, facts.sha256.slice(0, 6))
  const { phases, forecastMs } = forecast(loads, facts.boot.method, facts.boot.blob?.length ?? 0, tftp?.via ?? 'pod')
  const decided = {
    partitions: loads.flatMap(plannedOf), ...(placement?.mtd ? { mtd: placement.mtd } : {}), loads: loads.map(({ name, lengthBytes }) => ({ name, lengthBytes })),
    tftp: plainChoice(tftp),
    boot: { method: facts.boot.method, profile: facts.boot.profile, uboot: facts.boot.uboot, blobBytes: facts.boot.blob?.length ?? 0, ...switchOf(facts.boot) },
    loadAddress: loadAddress ?? 0, proofAddress: loadAddress === undefined ? 0 : loadAddress + proofDistance(loads),
  } as const
  return { loads, decided, phases: [...phases], forecastMs }
}

/** A UBI volume is the one thing that may be larger than a load: it cannot be read back in pieces. */
const proofDistance = (loads: readonly Load[]): number =>
  loads.reduce((most, { lengthBytes }) => Math.max(most, roundUp(lengthBytes, 1024 * 1024)), proofDistanceBytes)

/** Says what was planned is what is about to happen. */
export function checkStartable(plan: Pick<RestorePlan, 'refusals' | 'partitions' | 'hash'>, plannedHash: string): void {
  const [refusal] = plan.refusals
  if (refusal) throw new WorkbenchError(refusal.code, refusal.message, { context: refusal.context, hint: refusal.hint })
  if (plan.partitions.length === 0) throw new WorkbenchError('input/not-found', 'There is nothing to write')
  if (plan.hash !== plannedHash) {
    throw new WorkbenchError('input/conflict', 'The files or the rack have changed since this plan was made', { hint: 'Make the plan again and look at it' })
  }
}

function loadAddressOf(facts: Pick<PlanFacts, 'soc' | 'chip'>): number {
  if (facts.soc === undefined) {
    throw new WorkbenchError('input/not-supported', `Unknown chip "${facts.chip.slice(0, 40)}"`, { context: { chip: facts.chip.slice(0, 40) }, hint: '"rackbench chips" lists the names' })
  }
  if (facts.soc.loadAddress === undefined) {
    throw new WorkbenchError('input/not-supported', `Nobody knows where the RAM of ${facts.soc.name} begins, so there is no safe place to load an image to`, { context: { chip: facts.soc.name } })
  }
  return facts.soc.loadAddress
}

const plainChoice = (tftp: TftpChoice | undefined): RestorePlan['tftp'] =>
  tftp
    ? { via: tftp.via, reason: tftp.reason, serverAddress: tftp.serverAddress, cameraAddress: tftp.cameraAddress, port: tftp.port }
    : { via: 'pod', reason: 'refused', serverAddress: '', cameraAddress: '', port: 69 }

/** A digest over names, places and contents, without holding the image twice. */
export function contentsHash(parts: readonly { readonly name: string; readonly bytes: ImageBytes }[], tools: Pick<InputTools, 'hashHex'>): string {
  const lines = parts.map(({ name, bytes }) => `${name} ${bytes.length} ${sha256Of(bytes, tools)}`)
  return tools.hashHex('sha256', new TextEncoder().encode(lines.join('\n')))
}

function plannedOf(load: Load, index: number): PlannedPartition[] {
  const offsets = offsetsInLoad(load)
  return load.parts.map((part, position) => ({
    name: part.name, source: part.source, offsetBytes: part.offsetBytes, lengthBytes: part.bytes.length, eraseBytes: part.eraseBytes,
    crc32: hexCrc(isStored(part.bytes) ? part.bytes.crc32() : crc32(part.bytes)), isBoot: part.isBoot, load: index, loadOffsetBytes: offsets[position] ?? 0,
    ...(part.medium ? { medium: part.medium } : {}),
  }))
}

/** Erasing goes by whole blocks; what lies behind a partition that ends inside one is lost, and that is said before. */
export const tailWarnings = (partitions: readonly PlannedPartition[]): readonly string[] =>
  partitions.filter((part) => part.medium === undefined && part.eraseBytes > part.lengthBytes && !partitions.some((next) => next.offsetBytes === part.offsetBytes + part.lengthBytes))
    .map((part) => `${part.name} ends inside an erase block: ${(part.eraseBytes - part.lengthBytes) / 1024} KiB behind it, up to ${hexText(part.offsetBytes + part.eraseBytes)}, are erased too`)

export const switchOf = ({ switchedBy }: PlanFacts['boot']): { switchedBy?: string } => (switchedBy === undefined ? {} : { switchedBy })
