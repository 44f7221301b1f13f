import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { BootLine } from './bootLine.ts'
import type { BootTrack } from './bootStages.ts'
import { frameForStart, type HandshakeOptions, shakeHands, shakeHandsAgain } from './handshake.ts'
import { sendUntilAcked } from './sendFrame.ts'
import type { StandardParts } from './standardParts.ts'
import { type FrameKind, sendTransfer } from './transfer.ts'

const headAttempts = 16
/** The SPL may still be training the memory. */
const payloadHeadAttempts = 64
const dataAttempts = 32
const tailAttempts = 16
/** The memory is trained meanwhile. */
const afterSplMs = 300

export interface StandardSession {
  readonly line: BootLine
  readonly track: BootTrack
  readonly parts: StandardParts
  readonly handshake: Omit<HandshakeOptions, 'line'>
  readonly fixLone55: boolean
  /** The boot ROM has answered. */
  readonly onCaught: () => void
}

interface Part {
  readonly name: string
  readonly bytes: Uint8Array
  readonly address: number
  readonly tailMayBeSilent: boolean
  readonly headAttempts: number
}

/** Handshake, DDR steps, SPL, payload. Resolves when the payload has been taken; whether it runs is for the caller to see. */
export async function runStandardSession(session: StandardSession, signal: AbortSignal): Promise<{ readonly handshakeMarkers: number }> {
  const { line, track, parts } = session
  track.enter('handshake', 'Waiting for the boot ROM')
  const { markers } = await shakeHands({ ...session.handshake, line }, signal)
  session.onCaught()
  track.complete()
  await sendSteps(session, signal)
  await shakeHandsAgain(line, signal)

  track.enter('spl', 'Sending the SPL', parts.spl.length)
  await sendPart(session, { name: 'SPL', bytes: parts.spl, address: parts.splAddress, tailMayBeSilent: hasBlast(parts), headAttempts }, signal)
  track.complete()
  await line.clock.sleep(afterSplMs, signal)

  track.enter('uboot', 'Sending the payload', parts.payload.length)
  if (hasBlast(parts)) await blast(session, signal)
  else await shakeHandsAgain(line, signal)
  await sendPart(session, { name: 'payload', bytes: parts.payload, address: parts.payloadAddress, tailMayBeSilent: true, headAttempts: payloadHeadAttempts }, signal)
  track.complete()
  return { handshakeMarkers: markers }
}

const hasBlast = (parts: StandardParts): boolean => parts.prestep0.length > 0

async function sendSteps(session: StandardSession, signal: AbortSignal): Promise<void> {
  const { track, parts } = session
  const steps = [['PRESTEP0', parts.prestep0], ['DDRSTEP0', parts.ddrstep0], ['PRESTEP1', parts.prestep1]] as const
  track.enter('ddr_init', 'Setting up the memory')
  if (hasBlast(parts)) await blast(session, signal)
  for (const [name, bytes] of steps) {
    if (bytes.length === 0) continue
    await sendPart(session, { name, bytes, address: parts.stepAddress, tailMayBeSilent: true, headAttempts }, signal)
  }
  track.complete()
}

async function blast({ line, track, parts }: StandardSession, signal: AbortSignal): Promise<void> {
  if (await frameForStart({ line, stepBytes: parts.prestep0.length, stepAddress: parts.stepAddress }, signal)) return
  throw new WorkbenchError('pod/boot-failed', 'The boot ROM upload failed at the frame for start: nothing answered for 30 s', {
    context: { stage: track.stage, frame: 'frame for start' },
    hint: track.stage === 'uboot' ? 'The SPL did not come up: the DDR steps or the SPL may not fit this board' : 'The camera left its boot ROM again: start once more',
  })
}

async function sendPart({ line, track, fixLone55 }: StandardSession, part: Part, signal: AbortSignal): Promise<void> {
  const attempts: Readonly<Record<FrameKind, number>> = { HEAD: part.headAttempts, DATA: dataAttempts, TAIL: tailAttempts }
  await sendTransfer({
    ...part,
    send: async (frame, kind, limited) => {
      // What the payload prints as it starts belongs to the console.
      if (kind === 'TAIL' && track.stage === 'uboot') line.keep()
      return sendUntilAcked(line, frame, {
        attempts: attempts[kind], fixLone55, watchRestart: kind === 'DATA', watchText: kind === 'TAIL' && part.tailMayBeSilent,
      }, limited)
    },
  }, track, signal)
}
