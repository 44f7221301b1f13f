import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { ackStatus, type ScanRecord } from '../../protocols/agent/frame.ts'
import { type FlashGeometry, refused, unexpected } from './agentAnswers.ts'
import type { AgentLink } from './agentLink.ts'
import { agentLimits } from './agentLimits.ts'
import type { Progress } from './agentRead.ts'

/** As many records as the flash has sectors, or an error. `device/unknown-command`: the agent does not know SCAN. */
export async function scanSectors(link: AgentLink, flash: FlashGeometry, onProgress: Progress | undefined, signal: AbortSignal): Promise<readonly ScanRecord[]> {
  const what = 'Scanning the flash'
  return link.exchange(signal, async (talk) => {
    await talk.send({ kind: 'scan' })
    const header = await talk.next(agentLimits.scanHeaderMs, what)
    // Only this status means "old agent". Status 2 is a flash that does not answer, and a slow scan would not find it either.
    if (header.kind === 'ack' && header.status === ackStatus.refusedOrDamaged) {
      throw new WorkbenchError('device/unknown-command', 'This flash agent does not know the scan command', { hint: 'Load a newer agent, or take a slow scan' })
    }
    if (header.kind === 'ack' && header.status !== ackStatus.ok) throw refused(header, what)
    if (header.kind !== 'scan-header') throw unexpected(header, what)
    if (header.sectorCount !== flash.sectorCount) {
      throw new WorkbenchError('device/wrong-identity', `${what}: ${header.sectorCount} sectors are announced, the flash has ${flash.sectorCount}`, {
        context: { announced: header.sectorCount, sectorCount: flash.sectorCount },
      })
    }
    const records: ScanRecord[] = []
    for (;;) {
      const answer = await talk.next(agentLimits.scanPacketMs, what)
      const context = { records: records.length, sectorCount: flash.sectorCount }
      if (answer.kind === 'ack' && answer.status !== ackStatus.ok) throw refused(answer, what, context)
      if (answer.kind === 'ack') {
        if (records.length === flash.sectorCount) return records
        throw new WorkbenchError('link/gap', `${what}: only ${records.length} of ${flash.sectorCount} sectors were reported`, { context, hint: 'The line loses packets; scan again' })
      }
      if (answer.kind !== 'scan-records') throw unexpected(answer, what, context)
      records.push(...answer.records)
      if (records.length > flash.sectorCount) throw new WorkbenchError('link/garbled', `${what}: more sectors were reported than there are`, { context })
      onProgress?.(records.length * flash.sectorBytes, flash.flashBytes)
    }
  })
}
