import type { AgentPlan, AgentRequest } from '../../../../shared/agent/agent.schema.ts'
import { crc32, hexCrc } from '../../../../shared/bytes/crc32.ts'
import { toWire, WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import type { PlannedPhase } from '../../../../shared/restore/restore.schema.ts'
import { bootForecastMs } from '../restore/forecast.ts'
import type { PlanFacts } from '../restore/plan.ts'

export interface AgentFileFacts {
  readonly path: string
  readonly bytes: Uint8Array
}

export interface AgentPlanFacts {
  readonly request: AgentRequest
  readonly cameraName: string
  readonly podName: string
  readonly chip: string
  readonly flashBytes: number
  /** How the agent gets into RAM; with `running` nothing is asked for. */
  readonly boot: PlanFacts['boot'] | 'running'
  readonly agent: AgentFileFacts | WorkbenchError | undefined
  /** Of a write. */
  readonly image: AgentFileFacts | WorkbenchError | undefined
  /** Of a read, or of what is saved: whether its file can be made. */
  readonly output: WorkbenchError | undefined
}

/** At 921600 baud; half a minute for a scan of 16 MiB. */
const rates = { readBytesPerMs: 62, writeBytesPerMs: 88, eraseBytesPerMs: 436, scanBytesPerMs: 566, crcBytesPerMs: 6_000 } as const
const likelyFlashBytes = 16 * 1024 * 1024
const largestErase = 0x2000_0000

/** Erased flash, without making it. */
function crcOfErased(lengthBytes: number): string {
  return hexCrc(crc32(new Uint8Array(lengthBytes).fill(0xff)))
}

export function planAgent(facts: AgentPlanFacts, hashHex: (algorithm: 'sha256', bytes: Uint8Array) => string): AgentPlan {
  const { request, boot, agent, image, output } = facts
  const { work } = request
  const bootPlan = boot === 'running' ? undefined : boot
  const problems = [...(agent instanceof WorkbenchError ? [agent] : []), ...(bootPlan?.problems ?? []), ...(image instanceof WorkbenchError ? [image] : []), ...(output ? [output] : [])]
  const tooLong = work.kind === 'erase' && work.lengthBytes > largestErase
    ? [new WorkbenchError('input/too-large', `${work.lengthBytes} bytes are more than a flash agent erases at once`, { context: { lengthBytes: work.lengthBytes } })] : []
  const refusals = [...problems, ...tooLong].map(toWire)
  const partitions = refusals.length > 0 ? [] : changedRange(work, image)
  const phases = phasesOf(facts)
  const decided = {
    request, cameraName: facts.cameraName, podName: facts.podName, chip: facts.chip, flashBytes: facts.flashBytes, partitions,
    boot: {
      method: bootPlan === undefined ? 'running' as const : bootPlan.method === 'pod' ? 'pod' as const : 'boot-rom' as const,
      profile: bootPlan?.profile ?? '', uboot: bootPlan?.uboot ?? '', agent: agent && !(agent instanceof WorkbenchError) ? agent.path : '', blobBytes: bootPlan?.blob?.length ?? 0,
    },
  }
  const binding = JSON.stringify({ ...decided, blob: bootPlan?.blob ? hashHex('sha256', bootPlan.blob) : '', image: image && !(image instanceof WorkbenchError) ? hashHex('sha256', image.bytes) : '' })
  return {
    ...decided, hash: hashHex('sha256', new TextEncoder().encode(binding)), phases, forecastMs: phases.reduce((sum, phase) => sum + phase.forecastMs, 0),
    warnings: warningsOf(request), refusals,
  }
}

function changedRange(work: AgentRequest['work'], image: AgentPlanFacts['image']): AgentPlan['partitions'] {
  const range = { name: 'range', isBoot: false, load: 0, loadOffsetBytes: 0 }
  if (work.kind === 'erase') return [{ ...range, source: 'erased', offsetBytes: work.offsetBytes, lengthBytes: work.lengthBytes, eraseBytes: work.lengthBytes, crc32: crcOfErased(work.lengthBytes) }]
  if (work.kind !== 'write' || !image || image instanceof WorkbenchError) return []
  return [{ ...range, source: image.path, offsetBytes: work.offsetBytes, lengthBytes: image.bytes.length, eraseBytes: image.bytes.length, crc32: hexCrc(crc32(image.bytes)) }]
}

function warningsOf({ work, running, reboot }: AgentRequest): string[] {
  const touchesStart = (work.kind === 'write' || work.kind === 'erase') && work.offsetBytes === 0
  return [
    ...(touchesStart ? ['The range begins at the start of the flash, where the boot loader is: if this is broken off, the camera starts only with an upload'] : []),
    ...(work.kind === 'erase' ? ['What is erased cannot be brought back; read it first if it may be needed'] : []),
    ...(running || reboot ? [] : ['The flash agent stays in the camera afterwards, until its power is cut; while it runs it can be used again (--running)']),
  ]
}

function phasesOf({ request: { work, reboot }, boot, agent, flashBytes, image }: AgentPlanFacts): PlannedPhase[] {
  const whole = flashBytes > 0 ? flashBytes : likelyFlashBytes
  const bytes = work.kind === 'write' ? (image && !(image instanceof WorkbenchError) ? image.bytes.length : 0) : 'lengthBytes' in work ? work.lengthBytes ?? whole : whole
  const agentBytes = agent && !(agent instanceof WorkbenchError) ? agent.bytes.length : 0
  const anytime = (name: string, title: string, forecastMs: number): PlannedPhase => ({ name, title, cancel: 'anytime', forecastMs: Math.round(forecastMs) })
  const atEnd = (name: string, title: string, forecastMs: number): PlannedPhase => ({ name, title, cancel: 'at-end', forecastMs: Math.round(forecastMs) })
  const compare = anytime('compare', 'Compare', bytes / rates.crcBytesPerMs + 500)
  const toFile = [anytime('read', 'Read and compare', bytes / rates.readBytesPerMs + 1_000), atEnd('keep', 'File', 500)]
  const own: Readonly<Record<AgentRequest['work']['kind'], readonly PlannedPhase[]>> = {
    info: [], crc: [anytime('sum', 'CRC', bytes / rates.crcBytesPerMs + 500)], examine: [anytime('examine', 'Look at every sector', whole / rates.scanBytesPerMs), ...(work.kind === 'examine' && work.savePath !== undefined ? toFile : [])], memory: [anytime('memory', 'Measure the memory', 2_000)],
    read: toFile,
    write: [compare, atEnd('change', 'Write and read back', bytes / rates.writeBytesPerMs + 1_000)],
    erase: [compare, atEnd('change', 'Erase and read back', bytes / rates.eraseBytesPerMs + 1_000)],
  }
  return [
    anytime('check', 'Checks', 500),
    boot === 'running' ? anytime('agent', 'Flash agent answers', 1_000) : anytime('agent', 'Flash agent to RAM', bootForecastMs(boot.method, agentBytes + (boot.blob?.length ?? 0)) + 2_000),
    ...own[work.kind],
    ...(reboot ? [anytime('reset', 'Restart', 500)] : []),
  ]
}
