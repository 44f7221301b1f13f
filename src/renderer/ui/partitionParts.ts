import type { EnvironmentProgress, InstallPlan } from '../../shared/install/install.schema.ts'
import type { PartitionProgress, PlannedPartition, RestorePlan } from '../../shared/restore/restore.schema.ts'
import type { Tone } from './stateWords.ts'

export interface MapPart {
  readonly name: string
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly kind: 'kept' | 'planned' | 'active' | 'good' | 'bad' | 'staged'
  /** 0 to 100, while it is being worked on. */
  readonly percent?: number | undefined
}

const kinds: Readonly<Record<PartitionProgress['state'], MapPart['kind']>> = {
  pending: 'planned', different: 'planned', comparing: 'active', fetching: 'active', 'in-ram': 'active', erasing: 'active', writing: 'active', 'reading-back': 'active',
  unchanged: 'good', proved: 'good', mismatch: 'bad', unknown: 'bad',
}

/** No partition of a plan: U-Boot writes it, and it is proved in its own way. */
const environmentName = 'env'
const environmentKinds: Readonly<Record<EnvironmentProgress['state'], MapPart['kind']>> = { planned: 'planned', saving: 'active', proved: 'good', unknown: 'bad' }
/** Of several volumes in one place the worst counts, and a proof only when all have it. */
const ranks = ['bad', 'active', 'planned', 'good'] as const

/** The whole flash in order of addresses: what a plan writes, and between it what stays as it is. */
export function partsOf(
  plan: Pick<RestorePlan, 'partitions' | 'flashBytes'> & { readonly layout?: InstallPlan['layout'] }, progress: readonly PartitionProgress[] = [], percentOf: (name: string) => number | undefined = () => undefined,
  environment?: EnvironmentProgress,
): readonly MapPart[] {
  const parts: MapPart[] = []
  const kept = (from: number, to: number): void => { if (to > from) parts.push({ name: 'kept', offsetBytes: from, lengthBytes: to - from, kind: 'kept' }) }
  let end = 0
  const own = plan.layout ? [{ name: environmentName, ...plan.layout.environment, eraseBytes: 0, medium: undefined }] : []
  let ubi: string | undefined
  for (const { name, offsetBytes, eraseBytes, lengthBytes, medium } of [...plan.partitions, ...own].sort((a, b) => a.offsetBytes - b.offsetBytes)) {
    kept(end, offsetBytes)
    const state = progress.find((one) => one.name === name)?.state
    const kind = name === environmentName ? environmentKinds[environment?.state ?? 'planned'] : state ? kinds[state] : 'planned'
    const last = parts.at(-1)
    const within = medium?.kind === 'ubi' ? medium.partition.name : undefined
    // Where UBI puts its volumes is UBI's own business: on the map they are their partition.
    if (last && within !== undefined && within === ubi) {
      parts[parts.length - 1] = { ...last, name: within, kind: ranks.find((each) => each === kind || each === last.kind) ?? kind, percent: undefined }
      continue
    }
    ubi = within
    const length = Math.max(eraseBytes, lengthBytes)
    parts.push({ name, offsetBytes, lengthBytes: length, kind, percent: kind === 'active' ? percentOf(name) : undefined })
    end = offsetBytes + length
  }
  kept(end, plan.flashBytes)
  return parts
}

const stateWords: Readonly<Record<PartitionProgress['state'], string>> = {
  pending: 'waits', comparing: 'comparing with the flash', different: 'differs, will be written', unchanged: 'unchanged, skipped', fetching: 'fetching into RAM',
  'in-ram': 'in RAM, CRC right', erasing: 'erasing', writing: 'writing', 'reading-back': 'reading back', proved: 'written and proved', mismatch: 'read back wrong',
  unknown: 'cut off, content unknown',
}
const stateTones: Readonly<Record<PartitionProgress['state'], Tone>> = {
  pending: 'off', different: 'off', comparing: 'busy', fetching: 'busy', 'in-ram': 'busy', erasing: 'busy', writing: 'busy', 'reading-back': 'busy',
  unchanged: 'ok', proved: 'ok', mismatch: 'bad', unknown: 'bad',
}
export const partitionWord = (state: PartitionProgress['state']): string => stateWords[state]
/** Beside the two CRCs one word is enough. */
const endWords: Partial<Record<PartitionProgress['state'], string>> = { pending: 'not begun', different: 'not begun', unchanged: 'unchanged', proved: 'written', mismatch: 'wrong', unknown: 'cut off' }
export const evidenceWord = (state: PartitionProgress['state']): string => endWords[state] ?? 'not finished'

export const partitionTone = (state: PartitionProgress['state']): Tone => stateTones[state]

export const plannedWord = ({ isBoot, eraseBytes, lengthBytes, medium }: PlannedPartition, force: boolean): string => {
  if (medium?.kind === 'ubi') return 'written into a new UBI'
  const what = force ? 'written' : 'written if it differs'
  if (isBoot) return `${what}, last of all`
  return eraseBytes > lengthBytes && eraseBytes - lengthBytes >= 65536 ? `${what}, erased to its end` : what
}
