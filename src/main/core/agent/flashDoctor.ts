import { type FlashMap, type SectorStatus, sectorMarks, statusOfMark } from '../../../shared/agent/flashMap.ts'
import { crc32, hexCrc } from '../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { SectorFinding } from '../../protocols/agent/frame.ts'
import { geometryOf } from './agentAnswers.ts'
import type { AgentClient } from './agentClient.ts'
import type { Progress } from './agentRead.ts'

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
    ({ index, offsetBytes: index * sectorBytes, status: statusOfMark[sectorMarks[finding]], finding, crc32: crc })
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

/** For the journal and for pictures. */
export function mapOf({ sectorBytes, method, sectors }: FlashHealth): FlashMap {
  return {
    flashBytes: sectors.length * sectorBytes, sectorBytes, method,
    marks: sectors.map(({ finding }) => sectorMarks[finding]).join(''), crc32: sectors.map((sector) => hexCrc(sector.crc32)),
  }
}
