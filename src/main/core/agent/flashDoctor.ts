import { crc32 } from '../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { SectorFinding } from '../../protocols/agent/frame.ts'
import { geometryOf } from './agentAnswers.ts'
import type { AgentClient } from './agentClient.ts'
import type { Progress } from './agentRead.ts'

export type SectorStatus = 'good' | 'empty' | 'unstable' | 'bad'

export interface SectorHealth {
  readonly index: number
  readonly offsetBytes: number
  readonly status: SectorStatus
  /** Why. `all-zero` is also what a healthy sector full of zeros looks like. */
  readonly finding: SectorFinding
  readonly crc32: number
}

export interface FlashHealth {
  readonly sectorBytes: number
  /** One for each sector, in order. */
  readonly sectors: readonly SectorHealth[]
  /** `crc`: by two sums of each sector, which see less than the agent's own scan. */
  readonly method: 'scan' | 'crc'
}

/** Changes nothing in the camera. A 16 MiB flash takes half a minute by scan, some minutes by sums. */
export async function examineFlash(client: AgentClient, signal: AbortSignal, onProgress?: Progress): Promise<FlashHealth> {
  const info = await client.info(signal)
  const { sectorBytes, sectorCount, flashWindow, flashBytes } = geometryOf(info, false)
  const health = (index: number, finding: SectorFinding, crc: number): SectorHealth =>
    ({ index, offsetBytes: index * sectorBytes, status: statusOf[finding], finding, crc32: crc })
  if (info.capabilities.has('scan')) {
    try {
      const records = await client.scan(signal, onProgress)
      return { sectorBytes, method: 'scan', sectors: records.map((record, index) => health(index, record.finding, record.crc32)) }
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code !== 'device/unknown-command') throw error
    }
  }
  const blank = crc32(new Uint8Array(sectorBytes).fill(0xff))
  const zero = crc32(new Uint8Array(sectorBytes))
  const sectors: SectorHealth[] = []
  for (let index = 0; index < sectorCount; index += 1) {
    const sums = await sumTwice(client, flashWindow + index * sectorBytes, sectorBytes, signal)
    sectors.push(health(index, findingOf(sums, blank, zero), sums?.first ?? 0))
    onProgress?.((index + 1) * sectorBytes, flashBytes)
  }
  return { sectorBytes, method: 'crc', sectors }
}

/** `undefined`: the agent could not read it. Silence and lost lines are errors of the line, not of the sector. */
async function sumTwice(client: AgentClient, address: number, lengthBytes: number, signal: AbortSignal): Promise<{ readonly first: number; readonly second: number } | undefined> {
  try {
    return { first: await client.crc32(address, lengthBytes, signal), second: await client.crc32(address, lengthBytes, signal) }
  } catch (error) {
    if (error instanceof WorkbenchError && error.code === 'device/refused') return undefined
    throw error
  }
}

function findingOf(sums: { readonly first: number; readonly second: number } | undefined, blank: number, zero: number): SectorFinding {
  if (!sums) return 'read-error'
  if (sums.first !== sums.second) return 'unstable'
  if (sums.first === blank) return 'empty'
  return sums.first === zero ? 'all-zero' : 'good'
}

const statusOf: Readonly<Record<SectorFinding, SectorStatus>> = {
  good: 'good', empty: 'empty', unstable: 'unstable', 'all-zero': 'bad', 'one-value': 'bad', 'read-error': 'bad', 'bad-block': 'bad',
}

const marks: Readonly<Record<SectorFinding, string>> = {
  good: '=', empty: '.', unstable: '?', 'all-zero': '0', 'one-value': 'X', 'read-error': '!', 'bad-block': 'B',
}

export interface FlashPicture {
  readonly verdict: 'healthy' | 'doubtful' | 'damaged'
  readonly counts: Readonly<Record<SectorStatus, number>>
  readonly rows: readonly { readonly offsetBytes: number; readonly marks: string }[]
  /** Neighbours with the same finding, joined; good and empty ones left out. */
  readonly troubles: readonly { readonly offsetBytes: number; readonly lengthBytes: number; readonly finding: SectorFinding }[]
}

/** `=` good, `.` empty, `?` unstable, `0` all zero, `X` one value, `!` unreadable, `B` marked bad. */
export function drawFlash({ sectors, sectorBytes }: FlashHealth, sectorsInRow = 16): FlashPicture {
  const counts: Record<SectorStatus, number> = { good: 0, empty: 0, unstable: 0, bad: 0 }
  const troubles: { offsetBytes: number; lengthBytes: number; finding: SectorFinding }[] = []
  for (const { offsetBytes, status, finding } of sectors) {
    counts[status] += 1
    if (status === 'good' || status === 'empty') continue
    const before = troubles.at(-1)
    if (before?.finding === finding && before.offsetBytes + before.lengthBytes === offsetBytes) before.lengthBytes += sectorBytes
    else troubles.push({ offsetBytes, lengthBytes: sectorBytes, finding })
  }
  const rows = Array.from({ length: Math.ceil(sectors.length / sectorsInRow) }, (_, row) => ({
    offsetBytes: row * sectorsInRow * sectorBytes,
    marks: sectors.slice(row * sectorsInRow, (row + 1) * sectorsInRow).map(({ finding }) => marks[finding]).join(''),
  }))
  // A bad block is known and worked around; NAND comes with some.
  const isDamaged = troubles.some(({ finding }) => finding !== 'unstable' && finding !== 'bad-block')
  return { counts, rows, troubles, verdict: isDamaged ? 'damaged' : counts.unstable > 0 ? 'doubtful' : 'healthy' }
}
