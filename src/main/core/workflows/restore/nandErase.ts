import { parseNandErased } from '../../../protocols/uboot/nandAnswers.ts'
import type { UbootSession } from '../../uboot/ubootSession.ts'
import { hexText } from './layout.ts'
import type { Span } from './nandMap.ts'
import { lengthText, moveLimitMs, notConfirmed } from './poisoned.ts'

/** Whole blocks; bad ones are skipped. */
export async function nandErase(session: UbootSession, { offsetBytes, lengthBytes }: Span, signal: AbortSignal): Promise<void> {
  const command = `nand erase ${hexText(offsetBytes)} ${lengthText(lengthBytes, 'erase NAND')}`
  const output = await session.run(command, { limitMs: moveLimitMs(lengthBytes), destructive: true }, signal)
  const done = parseNandErased(output)
  if (done?.offsetBytes !== offsetBytes || done.lengthBytes !== lengthBytes) throw notConfirmed(command, output)
}
