import { v500Address } from '../../protocols/bootrom/frame.ts'
import { parseV500Answer } from '../../protocols/bootrom/parser.ts'
import type { V500Image } from '../../protocols/bootrom/v500Image.ts'
import { encodeV500Hello } from '../../protocols/bootrom/writer.ts'
import type { BootLine } from './bootLine.ts'
import type { BootTrack } from './bootStages.ts'
import { greet, type Waiting } from './handshake.ts'
import { sendUntilTaken } from './sendFrame.ts'
import { sendTransfer } from './transfer.ts'

export const v500HelloEveryMs = 100
/** The memory is set up meanwhile. */
const afterAuxMs = 100

export interface AreaSession {
  readonly line: BootLine
  readonly track: BootTrack
  readonly waiting: Omit<Waiting, 'line'>
  readonly onCaught: () => void
}

/** Hello, head area, aux area, boot image. */
export async function runV500Session(session: AreaSession, image: V500Image, signal: AbortSignal): Promise<{ readonly chipId: number }> {
  const { line, track } = session
  track.enter('handshake', 'Waiting for the boot ROM')
  const { chipId } = await greet({
    ...session.waiting, line, hello: encodeV500Hello(), everyMs: v500HelloEveryMs, whom: 'a V500 boot ROM', recognise: parseV500Answer,
  }, signal)
  session.onCaught()
  track.complete()
  track.enter('head_area', 'Sending the head area', image.head.length)
  await sendArea(session, 'head area', image.head, v500Address.head, signal)
  track.enter('aux_area', 'Sending the aux area', image.aux.length)
  await sendArea(session, 'aux area', image.aux, v500Address.aux, signal)
  await line.clock.sleep(afterAuxMs, signal)
  track.enter('boot_image', 'Sending the boot image', image.boot.length)
  await sendArea(session, 'boot image', image.boot, v500Address.boot, signal)
  return { chipId }
}

/** V500 and CV6xx acknowledge every frame, the TAIL included. */
export async function sendArea({ line, track }: AreaSession, name: string, bytes: Uint8Array, address: number, signal: AbortSignal): Promise<void> {
  await sendTransfer({
    name, bytes, address, tailMayBeSilent: false,
    send: async (frame, kind, limited) => {
      // What the last image prints as it starts belongs to the console.
      if (kind === 'TAIL' && (track.stage === 'boot_image' || track.stage === 'uboot')) line.keep()
      return sendUntilTaken(line, frame, limited)
    },
  }, track, signal)
  track.complete()
}
