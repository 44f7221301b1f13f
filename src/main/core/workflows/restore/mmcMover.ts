import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { parseMmcMoved } from '../../../protocols/uboot/nandAnswers.ts'
import type { UbootSession } from '../../uboot/ubootSession.ts'
import type { FlashRange } from './flashProof.ts'
import { hexText, roundUp } from './layout.ts'
import { lengthText, moveLimitMs, notConfirmed } from './poisoned.ts'

export const mmcBlockBytes = 512

export interface MmcMover {
  readonly move: (session: UbootSession, verb: 'read' | 'write', address: number, range: FlashRange, signal: AbortSignal) => Promise<void>
  /** Before anything else: reads one block to `scratchAddress`. */
  readonly learnDialect: (session: UbootSession, scratchAddress: number, signal: AbortSignal) => Promise<void>
}

/** eMMC between RAM and its blocks of 512 bytes. */
export function createMmcMover(): MmcMover {
  /** The vendor's 2016.11 wants the device in each line, mainline does not allow it. */
  let device = ''

  const move: MmcMover['move'] = async (session, verb, address, range, signal) => {
    const block = range.offsetBytes / mmcBlockBytes
    const count = roundUp(range.lengthBytes, mmcBlockBytes) / mmcBlockBytes
    const command = `mmc ${verb} ${device}${hexText(address)} ${hexText(block)} ${lengthText(count, `${verb} eMMC`)}`
    const output = await session.run(command, { limitMs: moveLimitMs(range.lengthBytes), destructive: verb === 'write' }, signal)
    const done = parseMmcMoved(output, verb)
    if (done?.block !== block || done.count !== count) throw notConfirmed(command, output)
  }

  const learnDialect: MmcMover['learnDialect'] = async (session, scratchAddress, signal) => {
    const first = { offsetBytes: 0, lengthBytes: mmcBlockBytes }
    try {
      await move(session, 'read', scratchAddress, first, signal)
    } catch (error) {
      if (!(error instanceof WorkbenchError) || error.code !== 'device/refused' || device !== '') throw error
      device = '0 '
      await move(session, 'read', scratchAddress, first, signal)
    }
  }
  return { move, learnDialect }
}
