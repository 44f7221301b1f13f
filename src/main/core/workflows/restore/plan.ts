import type { Soc } from '../../../../shared/devices/deviceProfile.schema.ts'
import { hexCrc, crc32 } from '../../../../shared/bytes/crc32.ts'
import { toWire, type WireError, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { PlannedPartition, RestorePlan, RestoreRequest } from '../../../../shared/restore/restore.schema.ts'
import { chooseFlash, type FlashEvidence } from './flashKind.ts'
import { forecast } from './forecast.ts'
import { checkFits, groupLoads, hexText, type Load, offsetsInLoad, roundUp } from './layout.ts'
import { cutAndOrder, placeOn } from './mediumLayout.ts'
import type { InputTools, RestoreInput } from './rawInput.ts'
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
  readonly input: RestoreInput | WorkbenchError
  /** `blob`: what is uploaded. By hand it is nothing: the camera's own U-Boot is stopped. */
  readonly boot: { readonly method: RestorePlan['boot']['method']; readonly profile: string; readonly uboot: string; readonly blob: Uint8Array | undefined; readonly problems: readonly WorkbenchError[] }
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
  const refusals: WireError[] = []
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof WorkbenchError)) throw error
      refusals.push(toWire(error))
      return undefined
    }
  }
  const input = attempt(() => { if (facts.input instanceof WorkbenchError) throw facts.input; return facts.input })
  const mtdparts = facts.request.mtdparts ?? input?.mtdparts
  const flash = input && attempt(() => chooseFlash({ wanted: facts.request.flashType, input, mtdparts, lastRestored: facts.lastRestored, flashBytes: facts.flashBytes }))
  const flashType = flash?.kind ?? 'nor'
  // What the rack knows is the size of its NOR.
  const flashBytes = flashType === 'nor' ? facts.flashBytes : 0
  const placement = flash && attempt(() => placeOn(flashType, input, mtdparts))
  const placed = placement?.parts
  // Of an image of a whole chip only what is in use is served.
  const stagedBytes = placed ? placed.reduce((sum, { bytes }) => sum + bytes.length, 0) : input?.totalBytes ?? 0
  const { hostIp, deviceIp, tftpVia } = facts.request
  const tftp = attempt(() => chooseTftp({ ...facts.tftp, wanted: tftpVia, hostIp, deviceIp, totalBytes: stagedBytes }))
  // Without its pod the camera cannot be started at all; who would serve the files does not matter then.
  if (tftp && facts.boot.method === 'pod' && facts.tftp.store instanceof WorkbenchError && facts.tftp.store.code === 'link/unreachable') refusals.push(toWire(facts.tftp.store))
  const loadAddress = attempt(() => loadAddressOf(facts))
  facts.boot.problems.forEach((problem) => refusals.push(toWire(problem)))
  if (placed && flashBytes > 0) attempt(() => {
    placed.forEach(({ name, offsetBytes, bytes }) => { checkFits({ name, endBytes: offsetBytes + bytes.length }, flashBytes) })
  })
  const sha256 = input ? tools.hashHex('sha256', joinedCrcs(input, tools)) : ''
  const limitBytes = tftp?.maxLoadBytes ?? maxLoadBytes
  const ordered = attempt(() => cutAndOrder(flashType, placed ?? [], limitBytes, tftp?.via ?? 'host')) ?? []
  const loads = groupLoads(ordered, limitBytes, sha256.slice(0, 6))
  const partitions = loads.flatMap(plannedOf)
  const { phases, forecastMs } = forecast(loads, facts.boot.method, facts.boot.blob?.length ?? 0, tftp?.via ?? 'pod')
  const decided = {
    request: facts.request, cameraName: facts.cameraName, podName: facts.podName, chip: facts.chip,
    input: { kind: input?.kind ?? 'folder', path: facts.request.inputPath, totalBytes: input?.totalBytes ?? 0, sha256 },
    flashBytes, ...(flash ? { flash } : {}), partitions, ...(placement?.mtd ? { mtd: placement.mtd } : {}), loads: loads.map(({ name, lengthBytes }) => ({ name, lengthBytes })),
    tftp: plainChoice(tftp),
    boot: { method: facts.boot.method, profile: facts.boot.profile, uboot: facts.boot.uboot, blobBytes: facts.boot.blob?.length ?? 0 },
    loadAddress: loadAddress ?? 0, proofAddress: loadAddress === undefined ? 0 : loadAddress + proofDistance(loads),
  } as const
  // Reasons tell sizes and jobs that change from minute to minute; what is written and how does not.
  const binding = JSON.stringify({ ...decided, flash: flash?.kind, tftp: { ...decided.tftp, reason: '' }, blob: facts.boot.blob ? tools.hashHex('sha256', facts.boot.blob) : '' })
  const hash = tools.hashHex('sha256', new TextEncoder().encode(binding))
  const warnings = [...(input?.warnings ?? []), ...(placement?.warnings ?? []), ...tailWarnings(partitions)]
  return { plan: { ...decided, hash, phases: [...phases], forecastMs, warnings, refusals }, loads, blob: facts.boot.blob }
}

/** A UBI volume is the one thing that may be larger than a load: it cannot be read back in pieces. */
const proofDistance = (loads: readonly Load[]): number =>
  loads.reduce((most, { lengthBytes }) => Math.max(most, roundUp(lengthBytes, 1024 * 1024)), proofDistanceBytes)

/** Says what was planned is what is about to happen. */
export function checkStartable(plan: RestorePlan, plannedHash: string): void {
  const [refusal] = plan.refusals
  if (refusal) throw new WorkbenchError(refusal.code, refusal.message, { context: refusal.context, hint: refusal.hint })
  if (plan.partitions.length === 0) throw new WorkbenchError('input/not-found', 'There is nothing to restore')
  if (plan.hash !== plannedHash) {
    throw new WorkbenchError('input/conflict', 'The files or the rack have changed since this plan was made', { hint: 'Make the plan again and look at it' })
  }
}

function loadAddressOf(facts: PlanFacts): number {
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
function joinedCrcs(input: RestoreInput, tools: InputTools): Uint8Array {
  const lines = input.parts.map(({ name, bytes }) => `${name} ${bytes.length} ${tools.hashHex('sha256', bytes)}`)
  return new TextEncoder().encode(lines.join('\n'))
}

function plannedOf(load: Load, index: number): PlannedPartition[] {
  const offsets = offsetsInLoad(load)
  return load.parts.map((part, position) => ({
    name: part.name, source: part.source, offsetBytes: part.offsetBytes, lengthBytes: part.bytes.length, eraseBytes: part.eraseBytes,
    crc32: hexCrc(crc32(part.bytes)), isBoot: part.isBoot, load: index, loadOffsetBytes: offsets[position] ?? 0,
    ...(part.medium ? { medium: part.medium } : {}),
  }))
}

/** Erasing goes by whole blocks; what lies behind a partition that ends inside one is lost, and that is said before. */
const tailWarnings = (partitions: readonly PlannedPartition[]): readonly string[] =>
  partitions.filter((part) => part.medium === undefined && part.eraseBytes > part.lengthBytes && !partitions.some((next) => next.offsetBytes === part.offsetBytes + part.lengthBytes))
    .map((part) => `${part.name} ends inside an erase block: ${(part.eraseBytes - part.lengthBytes) / 1024} KiB behind it, up to ${hexText(part.offsetBytes + part.eraseBytes)}, are erased too`)
