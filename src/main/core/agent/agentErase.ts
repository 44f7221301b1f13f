import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { parseEraseProgress } from '../../protocols/agent/parser.ts'
import { checkRange, expectOk, type FlashGeometry, hexAddress, refused, unexpected } from './agentAnswers.ts'
import type { AgentLink, AgentTalk } from './agentLink.ts'
import { agentLimits } from './agentLimits.ts'
import { crcOfBlank, proveContent } from './agentProof.ts'
import type { Progress } from './agentRead.ts'

export const protectedHint = 'Some chips ignore erasing while their sectors are locked: unlock the flash (write protection, WPS) and try again'

/** Erases whole sectors and proves them blank. A cancel may leave some of them erased. */
export async function eraseFlash(link: AgentLink, flash: FlashGeometry, offsetBytes: number, lengthBytes: number, onProgress: Progress | undefined, signal: AbortSignal): Promise<void> {
  checkRange(flash, offsetBytes, lengthBytes, true)
  const sectorCount = lengthBytes / flash.sectorBytes
  await link.exchange(signal, async (talk) => {
    await talk.send({ kind: 'erase', address: offsetBytes, lengthBytes })
    expectOk(await talk.next(agentLimits.eraseFirstMs, 'Answer to the erase command'), 'Erasing flash', { offsetBytes, lengthBytes })
    for (let done = 0; done < sectorCount; done += 1) {
      await oneSector(talk, done, sectorCount, offsetBytes)
      onProgress?.((done + 1) * flash.sectorBytes, lengthBytes)
    }
    expectOk(await talk.next(agentLimits.eraseLastMs, 'End of the erase command'), 'Erasing flash', { erasedSectors: sectorCount })
  })
  await proveContent({ link, address: flash.flashWindow + offsetBytes, lengthBytes, expected: crcOfBlank(), what: 'Erasing flash', hint: protectedHint }, signal)
}

async function oneSector(talk: AgentTalk, done: number, sectorCount: number, offsetBytes: number): Promise<void> {
  const what = `Erasing sector ${done + 1} of ${sectorCount} from ${hexAddress(offsetBytes)}`
  const context = { erasedSectors: done, sectorCount, offsetBytes }
  const answer = await talk.next(agentLimits.eraseSectorMs, what)
  if (answer.kind === 'ack') {
    if (answer.status !== 0) throw refused(answer, what, context)
    throw new WorkbenchError('link/gap', `The flash agent reported the end after ${done} of ${sectorCount} sectors`, { context, hint: 'Erase again; what is erased already stays so' })
  }
  const progress = answer.kind === 'data' ? parseEraseProgress(answer.bytes) : undefined
  if (!progress) throw unexpected(answer, what, context)
  if (progress.doneSectors !== done + 1) {
    throw new WorkbenchError('link/gap', `${what}: the flash agent reported sector ${progress.doneSectors}`, { context, hint: 'The line loses packets; erase again' })
  }
}
