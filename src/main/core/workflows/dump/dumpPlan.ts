import type { Soc } from '../../../../shared/devices/deviceProfile.schema.ts'
import type { DumpPlan, DumpRequest } from '../../../../shared/dump/dump.schema.ts'
import { toWire, type WireError, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { parseMtdDevices } from '../../../protocols/mtdparts/parser.ts'
import { type PlanFacts, switchOf } from '../restore/plan.ts'
import type { InputTools } from '../restore/rawInput.ts'
import { chooseTftp } from '../restore/tftpChoice.ts'
import { dumpForecast, mdMs } from './dumpForecast.ts'
import { deviceOf } from './dumpLayout.ts'
import { noBackup } from './dumpNand.ts'

/** Everything that was found out before deciding. A thing that failed is its error. */
export interface DumpFacts {
  readonly request: DumpRequest
  readonly cameraName: string
  readonly podName: string
  readonly chip: string
  readonly soc: Soc | undefined
  /** 0 while unknown. */
  readonly flashBytes: number
  readonly hasPod: boolean
  readonly output: DumpPlan['output'] | WorkbenchError
  readonly boot: PlanFacts['boot']
  /** Of a dump by a flash agent: its binary, or why there is none. */
  readonly agent?: { readonly path: string } | WorkbenchError | undefined
  /** Our address towards the camera and why that one. */
  readonly hostAddress: { readonly address: string; readonly reason: string } | WorkbenchError
  readonly hostPort: number
}

export interface PreparedDump {
  readonly plan: DumpPlan
}

/** The usual chip of these cameras, while nobody has asked this one. */
const likelyBytes = { auto: 16, nor: 16, nand: 128, emmc: 4096 } as const

export function planDump(facts: DumpFacts, tools: Pick<InputTools, 'hashHex'>): PreparedDump {
  const refusals: WireError[] = []
  const warnings: string[] = []
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work()
    } catch (error) {
      if (!(error instanceof WorkbenchError)) throw error
      refusals.push(toWire(error))
      return undefined
    }
  }
  const { request } = facts
  const output = attempt(() => { if (facts.output instanceof WorkbenchError) throw facts.output; return facts.output }) ?? { path: request.outputPath, keptBytes: 0, freeBytes: 0 }
  attempt(() => { checkRequest(request) })
  const loadAddress = request.via === 'agent' ? 0 : attempt(() => loadAddressOf(facts)) ?? 0
  attempt(() => { if (facts.agent instanceof WorkbenchError) throw facts.agent })
  facts.boot.problems.forEach((problem) => refusals.push(toWire(problem)))
  const way = attempt(() => chooseWay(facts)) ?? { way: 'md' as const, reason: 'refused', tftp: undefined }
  // What the rack knows is the size of its NOR.
  const knownBytes = request.flashType === 'auto' || request.flashType === 'nor' ? facts.flashBytes : 0
  const flashBytes = knownBytes > 0 ? knownBytes : likelyBytes[request.flashType] * 1024 * 1024
  if (refusals.length === 0 && output.freeBytes < knownBytes) attempt(() => { throw noRoom(knownBytes, output.freeBytes) })
  if (way.way === 'tftp' && request.via === 'auto') {
    warnings.push(`If the camera cannot send to ${way.tftp?.serverAddress ?? ''}, it prints its flash instead, which takes up to ${minutes(mdMs(flashBytes))} for ${flashBytes / 1048576} MiB`)
  }
  if (way.way === 'md') warnings.push(`Printing ${flashBytes / 1048576} MiB over the console takes up to ${minutes(mdMs(flashBytes))}; erased blocks take no time`)
  if (output.keptBytes > 0) warnings.push(`An earlier try left ${Math.ceil(output.keptBytes / 1024)} KiB beside ${output.path}; each block is compared with the camera before it counts`)
  const { phases, forecastMs } = dumpForecast({ way: way.way, flashBytes, method: facts.boot.method, blobBytes: facts.boot.blob?.length ?? 0 })
  const decided = {
    request, cameraName: facts.cameraName, podName: facts.podName, chip: facts.chip, flashBytes: knownBytes, partitions: [],
    boot: { method: facts.boot.method, profile: facts.boot.profile, uboot: facts.boot.uboot, ...(facts.agent && !(facts.agent instanceof WorkbenchError) ? { agent: facts.agent.path } : {}), blobBytes: facts.boot.blob?.length ?? 0, ...switchOf(facts.boot) },
    loadAddress, way: way.way, wayReason: way.reason, ...(way.tftp ? { tftp: way.tftp } : {}),
  }
  // Room on the disk and what is kept there change from minute to minute; what is read and where it goes does not.
  const binding = JSON.stringify({ ...decided, path: output.path, blob: facts.boot.blob ? tools.hashHex('sha256', facts.boot.blob) : '' })
  const hash = tools.hashHex('sha256', new TextEncoder().encode(binding))
  return { plan: { ...decided, output, hash, phases: [...phases], forecastMs, warnings, refusals } }
}

export const minutes = (durationMs: number): string =>
  (durationMs < 90 * 60_000 ? `${Math.ceil(durationMs / 60_000)} minutes` : `${(durationMs / 3_600_000).toFixed(1)} hours`)

export const noRoom = (neededBytes: number, freeBytes: number): WorkbenchError =>
  new WorkbenchError('host/disk-full', `The dump takes ${neededBytes / 1048576} MiB, and the disk has ${Math.floor(freeBytes / 1048576)} MiB free`, {
    context: { neededBytes, freeBytes }, hint: 'Make room, or dump to another disk',
  })

/** Says what was planned is what is about to happen. */
export function checkDumpStartable(plan: DumpPlan, plannedHash: string): void {
  const [refusal] = plan.refusals
  if (refusal) throw new WorkbenchError(refusal.code, refusal.message, { context: refusal.context, hint: refusal.hint })
  if (plan.hash !== plannedHash) throw new WorkbenchError('input/conflict', 'The camera or the rack has changed since this plan was made', { hint: 'Make the plan again and look at it' })
}

function checkRequest({ mtdparts, partition, form, flashType, via }: DumpRequest): void {
  const isNor = flashType === 'auto' || flashType === 'nor'
  if (via === 'agent' && !isNor) throw new WorkbenchError('input/not-supported', 'The flash agent reads NOR only', { hint: 'Use --via tftp or --via md' })
  if (form === 'ipctool' && !isNor) throw noBackup()
  const table = mtdparts === undefined ? undefined : (flashType === 'auto' ? parseMtdDevices(mtdparts) : [deviceOf(mtdparts, flashType)]).flatMap(({ parts }) => parts)
  if (partition === undefined) return
  // Restored as an image it would be written to the start of the flash, over U-Boot.
  if (form !== 'folder') throw new WorkbenchError('input/conflict', `One partition alone makes no ${form === 'image' ? 'image of the flash' : 'ipctool backup'}`, { hint: 'Use --form folder: its dump.json says where the partition belongs' })
  if (table && !table.some(({ name }, index) => name === partition || `mtd${index}` === partition)) {
    throw new WorkbenchError('input/not-found', `There is no partition "${partition}" in the given mtdparts`, { hint: `There is ${table.map(({ name }) => name).join(', ')}` })
  }
}

function loadAddressOf({ soc, chip }: DumpFacts): number {
  if (soc?.loadAddress !== undefined) return soc.loadAddress
  throw soc === undefined
    ? new WorkbenchError('input/not-supported', `Unknown chip "${chip.slice(0, 40)}"`, { context: { chip: chip.slice(0, 40) }, hint: '"rackbench chips" lists the names' })
    : new WorkbenchError('input/not-supported', `Nobody knows where the RAM of ${soc.name} begins, so there is no safe place to read its flash to`, { context: { chip: soc.name } })
}

interface Way {
  readonly way: DumpPlan['way']
  readonly reason: string
  readonly tftp: DumpPlan['tftp']
}

/** The pod serves files and takes none, so an upload always goes to this computer. */
function chooseWay({ request, hasPod, hostAddress, hostPort }: DumpFacts): Way {
  if (request.via === 'agent') return { way: 'agent', reason: 'asked for', tftp: undefined }
  if (request.via === 'md') return { way: 'md', reason: 'asked for', tftp: undefined }
  try {
    const { serverAddress, cameraAddress, port, reason } = chooseTftp({
      wanted: 'host', hasPod, store: undefined, totalBytes: 0, hostIp: request.hostIp, deviceIp: request.deviceIp, hostAddress, hostPort,
    })
    return { way: 'tftp', reason: request.via === 'tftp' ? reason : reason.replace('asked for', 'the fast way'), tftp: { serverAddress, cameraAddress, port } }
  } catch (error) {
    if (request.via === 'tftp' || !(error instanceof WorkbenchError) || error.code === 'input/malformed') throw error
    return { way: 'md', reason: `there is no way to our server (${error.message})`, tftp: undefined }
  }
}
