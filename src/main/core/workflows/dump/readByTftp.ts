import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { withDeadline } from '../../../../shared/lifecycle/clock.ts'
import { orAborted } from '../../../../shared/lifecycle/signals.ts'
import { fetchIsHopeless, isAlive } from '../../../protocols/uboot/answers.ts'
import { hexText } from '../restore/layout.ts'
import { ramCrc } from '../restore/flashProof.ts'
import type { UploadDesk } from './dumpBench.ts'
import type { Stretch } from './dumpLayout.ts'
import { crcText, fillBuffer, namesOf, type ReadBench, type SliceCrcs } from './readStretch.ts'

const sends = 3
/** The camera has said that it is done: what is still on the wire takes no longer. */
const lastBlockMs = 10_000

export const sendLimitMs = (lengthBytes: number): number => sends * (90_000 + lengthBytes / 20 + lengthBytes / 100) + 30_000

/**
 * The stretch as it arrived, with the CRCs that the camera has told before. `device/unknown-command`: this U-Boot cannot send;
 * `device/no-network`: nothing gets through; `device/wrong-content`: it arrived differently each time.
 */
export async function readByTftp(bench: ReadBench, uploads: UploadDesk, stretch: Stretch, crcs: SliceCrcs, signal: AbortSignal): Promise<Uint8Array> {
  for (let attempt = 1; ; attempt += 1) {
    const reconnects = bench.reconnects()
    await fillBuffer(bench, stretch, signal)
    try {
      const bytes = await sendOnce(bench, uploads, stretch, signal)
      const wrong = stretch.slices.find((slice) => crcText(bytes.subarray(slice.stretchOffsetBytes, slice.stretchOffsetBytes + slice.lengthBytes)) !== crcs.get(slice))
      if (!wrong) return bytes
      // A U-Boot that was found again has another RAM, and its bytes say nothing about the chip.
      if (bench.reconnects() !== reconnects) throw new WorkbenchError('link/garbled', 'the line was lost while it was sent')
      throw await otherBytes(bench, stretch, crcs, signal)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof WorkbenchError)) throw error
      if (error.code === 'device/unknown-command') throw new WorkbenchError(error.code, error.message, { context: error.context, cause: error, hint: 'Print the flash with --via md, or load another U-Boot build' })
      if (!mayRepeat.has(error.code)) throw error
      if (attempt >= sends) throw error.code === 'link/garbled' ? error : await explain(bench, uploads, error, signal)
      bench.context.tell({ type: 'noted', level: 'warning', message: `Sending ${namesOf(stretch)}: ${error.message}; trying again` })
    }
  }
}

/** A chip that says two things is no matter of the way: of three readings two may agree on the wrong one. */
const mayRepeat: ReadonlySet<string> = new Set(['device/refused', 'link/garbled', 'link/timeout'])

async function sendOnce({ session, context, loadAddress, newToken, progress }: ReadBench, uploads: UploadDesk, stretch: Stretch, signal: AbortSignal): Promise<Uint8Array> {
  const { lengthBytes } = stretch
  const name = `rb-dump-${newToken()}`
  const place = uploads.receive(name, lengthBytes, (doneBytes) => { progress(`sending ${namesOf(stretch)}`, doneBytes) })
  place.bytes.catch(() => undefined)
  try {
    await session.run(`tftpput ${hexText(loadAddress)} ${hexText(lengthBytes)} ${name}`, { limitMs: 60_000 + lengthBytes / 20, hopeless: fetchIsHopeless }, signal)
    const bytes = await withDeadline(context.clock, lastBlockMs, 'the end of the upload', signal, async (within) => orAborted(place.bytes, within))
    if (bytes.length === lengthBytes) return bytes
    throw new WorkbenchError('link/garbled', `The camera sent ${bytes.length} bytes instead of ${lengthBytes}`, { context: { sentBytes: bytes.length, lengthBytes } })
  } finally {
    place.close()
  }
}

/** Whose fault it is: the camera's RAM still holds what it sent. */
async function otherBytes({ session, loadAddress }: ReadBench, stretch: Stretch, crcs: SliceCrcs, signal: AbortSignal): Promise<WorkbenchError> {
  for (const slice of stretch.slices) {
    const { name } = slice.range
    const expected = crcs.get(slice) ?? ''
    const inRam = await ramCrc(session, loadAddress + slice.stretchOffsetBytes, slice.lengthBytes, signal)
    if (inRam !== expected) {
      return new WorkbenchError('device/wrong-content', `${name} reads as ${expected} the first time and as ${inRam} the second`, {
        context: { partition: name, first: expected, second: inRam }, hint: 'The flash chip or its supply is unsteady, or this U-Boot does not really read; no dump of it can be trusted',
      })
    }
  }
  return new WorkbenchError('link/garbled', `${namesOf(stretch)} arrived with other bytes than the camera sent`, { hint: 'Something between camera and this computer alters packets' })
}

async function explain({ session }: ReadBench, { serverAddress, port }: UploadDesk, error: WorkbenchError, signal: AbortSignal): Promise<WorkbenchError> {
  const output = await session.run(`ping ${serverAddress}`, { limitMs: 20_000 }, signal).catch(() => '')
  signal.throwIfAborted()
  const alive = isAlive(output)
  return new WorkbenchError('device/no-network', `${alive ? `The camera reaches ${serverAddress} but its upload does not get through` : `The camera does not reach ${serverAddress}`}: ${error.message}`, {
    context: { ...error.context, serverAddress, alive }, cause: error,
    hint: alive ? `A firewall may block UDP port ${port} on this computer; or print the flash with --via md` : 'Check the Ethernet cable and that this computer has that address; or print the flash with --via md',
  })
}
