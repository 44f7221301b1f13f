import type { Job } from '../../../shared/jobs/reduceJob.ts'
import type { PlannedMedium, PlannedPartition, RestorePlan } from '../../../shared/restore/restore.schema.ts'
import { address, flashSize, roundSize } from '../../ui/format.ts'
import { partsOf } from '../../ui/partitionParts.ts'

export interface CancelWords {
  readonly button: string
  readonly note: string
  readonly possible: boolean
}

/** A phase that must not be cut says so before the person presses, and again while it goes on. */
export function cancelWords(job: Job): CancelWords {
  const phase = job.plan.phases.find(({ name }) => name === job.phase)
  // "Stop after kernel", not "Stop after Write and prove kernel".
  const title = phase?.name.startsWith('write:') ? phase.name.slice('write:'.length) : phase?.title ?? 'this phase'
  if (phase?.cancel === 'at-end') {
    return job.cancelRequested
      ? { button: `Stops after ${title}`, note: `${title} must not be cut off; nothing is begun after it`, possible: false }
      : { button: `Stop after ${title}`, note: `${title} must not be cut off`, possible: true }
  }
  return job.cancelRequested ? { button: 'Stopping', note: 'putting things back', possible: false } : { button: 'Cancel', note: '', possible: true }
}

/** What a person is about to lose, in one sentence. */
export function overwriteWords(plan: Pick<RestorePlan, 'cameraName' | 'podName' | 'partitions' | 'flashBytes'> & Parameters<typeof partsOf>[0]): string {
  const total = partsOf(plan).reduce((sum, { kind, lengthBytes }) => sum + (kind === 'kept' ? 0 : lengthBytes), 0)
  return `${plan.cameraName} on ${plan.podName}: ${String(plan.partitions.length)} ${plan.partitions.length === 1 ? 'partition' : 'partitions'}, ${roundSize(total)} of ${plan.flashBytes > 0 ? roundSize(plan.flashBytes) : 'its'} flash will be erased and written. What is there now is lost.`
}

export const rangeWords = (offsetBytes: number, lengthBytes: number): string =>
  `${address(offsetBytes)}\u2013${address(offsetBytes + Math.max(0, lengthBytes - 1))} · ${flashSize(lengthBytes)}`

/** How far the phase that works on this partition is, in percent. */
export function partitionPercent(job: Job, name: string): number | undefined {
  const load = job.plan.partitions.find((part) => part.name === name)?.load
  const phase = job.phases.find((one) => one.state === 'running' && (one.name === `write:${name}` || one.name === `fetch:${String(load)}`))
  const { progress } = phase ?? {}
  return progress && progress.totalBytes > 0 ? Math.floor((100 * progress.doneBytes) / progress.totalBytes) : undefined
}

export function remainingMs(job: Job, nowMs: number): number {
  return job.phases.reduce((sum, phase, index) => {
    const forecast = job.plan.phases[index]?.forecastMs ?? 0
    if (phase.state === 'waiting') return sum + forecast
    if (phase.state === 'running') return sum + Math.max(0, forecast - (nowMs - (phase.startedAtMs ?? nowMs)))
    return sum
  }, 0)
}

const flashNames = { nor: 'NOR', nand: 'NAND', emmc: 'eMMC' } as const

/** Which flash and why; an assumption is called one. */
export function flashWords({ flash, flashBytes }: Pick<RestorePlan, 'flash' | 'flashBytes'>): string {
  if (!flash) return flashBytes > 0 ? `NOR, ${roundSize(flashBytes)}` : 'NOR'
  const name = `${flashNames[flash.kind]}${flashBytes > 0 ? `, ${roundSize(flashBytes)}` : ''}`
  return `${name}: ${flash.isAssumed ? 'assumed, ' : ''}${flash.reason}; U-Boot is asked before anything is erased`
}

export interface NandRoom {
  readonly partition: string
  /** One line each. */
  readonly holds: readonly string[]
  /** How many bad blocks the partition may have, as far as its size is known. */
  readonly spare: string
}

/** The chip's own is asked later; nearly all have this one. */
const usualBlockBytes = 0x20000
/** Kept by UBI for itself. */
const ubiOwnBlocks = 4

/** Partitions of a NAND in the order of the plan; empty for other flash. */
export function nandRooms({ partitions }: Pick<RestorePlan, 'partitions'>): readonly NandRoom[] {
  const names = new Set(partitions.flatMap(({ medium }) => (medium && medium.kind !== 'emmc' ? [medium.partition.name] : [])))
  return [...names].map((name) => {
    const own = partitions.filter(({ medium }) => medium !== undefined && medium.kind !== 'emmc' && medium.partition.name === name)
    const [first] = own
    const medium = first?.medium as Exclude<PlannedMedium, { kind: 'emmc' }>
    const blockBytes = medium.kind === 'ubi' ? medium.blockBytes : usualBlockBytes
    const needed = own.reduce((sum, part) => sum + blocksOf(part), medium.kind === 'ubi' ? ubiOwnBlocks : 0)
    const { lengthBytes } = medium.partition
    return { partition: name, holds: own.map(holdsWords), spare: lengthBytes === undefined ? 'the rest of the chip' : `room for ${String(Math.floor(lengthBytes / blockBytes) - needed)}` }
  })
}

function blocksOf({ medium, lengthBytes }: PlannedPartition): number {
  if (medium?.kind !== 'ubi') return Math.ceil(lengthBytes / usualBlockBytes)
  return Math.ceil(Math.max(lengthBytes, medium.volume.sizeBytes ?? 0) / medium.lebBytes)
}

function holdsWords({ name, medium, lengthBytes }: PlannedPartition): string {
  if (medium?.kind !== 'ubi') return `${name}, raw, ${flashSize(lengthBytes)}`
  const { volume } = medium
  return `UBI volume ${volume.name}, ${volume.type}, ${volume.sizeBytes === undefined ? 'all the space' : roundSize(volume.sizeBytes)}`
}
