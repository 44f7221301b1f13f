import { crc32, hexCrc } from '../../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { parseCrc, parseFlashDone } from '../../../protocols/uboot/answers.ts'
import { askAgain, type UbootSession } from '../../uboot/ubootSession.ts'
import { hexText } from './layout.ts'

const garbled = (command: string, output: string): WorkbenchError =>
  new WorkbenchError('link/garbled', `"${command}" gave no usable answer, so nothing is confirmed`, {
    context: { command, output: output.slice(0, 300) }, hint: 'The console drops or alters bytes: check the UART wiring',
  })

/** What the camera computes over its own RAM. An answer for other addresses than asked is no answer. */
export async function ramCrc(session: UbootSession, address: number, lengthBytes: number, signal: AbortSignal): Promise<string> {
  if (lengthBytes <= 0) throw new WorkbenchError('internal/bug', 'CRC over nothing')
  const command = `crc32 ${hexText(address)} ${hexText(lengthBytes)}`
  return askAgain(3, signal, async () => {
    const output = await session.run(command, { limitMs: 15_000 + lengthBytes / 500 }, signal)
    const answer = parseCrc(output)
    if (answer?.firstAddress !== address || answer.lastAddress !== address + lengthBytes - 1) throw garbled(command, output)
    return answer.crc32
  })
}

export interface FlashRange {
  readonly offsetBytes: number
  readonly lengthBytes: number
}

/**
 * Flash into RAM. The buffer is filled with a fresh pattern first: a read that prints OK and copies nothing would otherwise be judged by
 * whatever lay there, and RAM keeps its contents across resets.
 */
export async function readFlash(
  session: UbootSession, range: FlashRange, address: number, newPoison: () => number, signal: AbortSignal,
): Promise<void> {
  const { offsetBytes, lengthBytes } = range
  if (lengthBytes <= 0) throw new WorkbenchError('internal/bug', 'Read-back of nothing')
  const words = Math.ceil(lengthBytes / 4)
  await session.run(`mw.l ${hexText(address)} ${hexText(newPoison())} ${hexText(words)}`, { limitMs: 15_000 + lengthBytes / 500 }, signal)
  const command = `sf read ${hexText(address)} ${hexText(offsetBytes)} ${hexText(lengthBytes)}`
  const output = await session.run(command, { limitMs: 15_000 + lengthBytes / 100 }, signal)
  const done = parseFlashDone(output, 'Read')
  if (done?.lengthBytes !== lengthBytes || done.offsetBytes !== offsetBytes) throw garbled(command, output)
}

/** CRC of what is in flash, computed by the camera. */
export async function flashCrc(
  session: UbootSession, range: FlashRange, proofAddress: number, newPoison: () => number, signal: AbortSignal,
): Promise<string> {
  return askAgain(3, signal, async () => {
    await readFlash(session, range, proofAddress, newPoison, signal)
    return ramCrc(session, proofAddress, range.lengthBytes, signal)
  })
}

const pageBytes = 256

/** Where the read-back copy first differs, by halving: a dozen CRCs instead of a dump. Offset from the start of the image. */
export async function firstWrongPage(session: UbootSession, image: Uint8Array, proofAddress: number, signal: AbortSignal): Promise<number | undefined> {
  let from = 0
  let to = image.length
  while (to - from > pageBytes) {
    const middle = from + Math.ceil((to - from) / 2 / pageBytes) * pageBytes
    const low = await ramCrc(session, proofAddress + from, middle - from, signal)
    if (low !== hexCrc(crc32(image.subarray(from, middle)))) to = middle
    else from = middle
  }
  const rest = await ramCrc(session, proofAddress + from, to - from, signal)
  return rest === hexCrc(crc32(image.subarray(from, to))) ? undefined : from
}
