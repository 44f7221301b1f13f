import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { type UbootSession, askAgain } from '../../uboot/ubootSession.ts'
import { ramCrc } from './flashProof.ts'
import { hexText } from './layout.ts'

/** Twice what a slow chip needs. */
export const moveLimitMs = (lengthBytes: number): number => 60_000 + lengthBytes / 100

export const notConfirmed = (command: string, output: string): WorkbenchError =>
  new WorkbenchError('link/garbled', `"${command}" was not confirmed`, { context: { command, output: output.slice(0, 300) } })

/** No line with an empty length: U-Boot would take all there is. */
export function lengthText(lengthBytes: number, what: string): string {
  if (!(lengthBytes > 0) || !Number.isSafeInteger(lengthBytes)) throw new WorkbenchError('internal/bug', `Refused to ${what} without a length`)
  return hexText(lengthBytes)
}

export interface ProofBuffer {
  readonly address: number
  readonly lengthBytes: number
  readonly newPoison: () => number
}

export async function poison(session: UbootSession, { address, lengthBytes, newPoison }: ProofBuffer, signal: AbortSignal): Promise<void> {
  const words = Math.ceil(lengthBytes / 4)
  await session.run(`mw.l ${hexText(address)} ${hexText(newPoison())} ${lengthText(words, 'fill a buffer')}`, { limitMs: 15_000 + lengthBytes / 500 }, signal)
}

/** CRC over what `read` brings into a buffer that was filled with a fresh pattern before: a read that copies nothing is found out. */
export async function poisonedCrc(session: UbootSession, { address, lengthBytes, newPoison }: ProofBuffer, read: () => Promise<void>, signal: AbortSignal): Promise<string> {
  return askAgain(3, signal, async () => {
    await poison(session, { address, lengthBytes, newPoison }, signal)
    await read()
    return ramCrc(session, address, lengthBytes, signal)
  })
}

/** Fills up to a whole page or block with ff, as erased flash is. Done before the image is checked, so that a garbled line does no harm. */
export async function padInRam(session: UbootSession, ramAddress: number, lengthBytes: number, stepBytes: number, signal: AbortSignal): Promise<number> {
  const rest = lengthBytes % stepBytes
  if (rest === 0) return lengthBytes
  const missing = stepBytes - rest
  await session.run(`mw.b ${hexText(ramAddress + lengthBytes)} 0xff ${lengthText(missing, 'fill up a page')}`, { limitMs: 15_000 }, signal)
  return lengthBytes + missing
}
