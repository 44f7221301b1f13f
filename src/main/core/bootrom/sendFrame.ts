import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { replyByte } from '../../protocols/bootrom/frame.ts'
import { createMarkerCounter, isText } from '../../protocols/bootrom/parser.ts'
import { type BootLine, lineMs } from './bootLine.ts'

export interface FrameResult {
  /** `restarted`: markers instead of an answer. `taken-over`: text came, so what was loaded runs already. */
  readonly outcome: 'accepted' | 'silent' | 'rejected' | 'restarted' | 'taken-over'
  readonly attempts: number
  /** Bytes that were no answer. */
  readonly noiseBytes: number
}

export interface StandardSendOptions {
  readonly attempts: number
  /** Markers mean a restart. Not so before the first DATA frame: those of the handshake may still arrive. */
  readonly watchRestart?: boolean
  /** Text ends the attempts: what was loaded runs, and more frames would only type into it. */
  readonly watchText?: boolean
  /** For drivers of macOS that deliver 55 instead of AA. */
  readonly fixLone55?: boolean
}

/** After the frame has left the line; hi3516av200 needs about 100 ms. */
const answerMs = 150
/** Nothing else within this: the byte came alone. */
const loneMs = 5
const twinMs = 30
const textBytesOfProgram = 16
/** Each one takes five seconds: a far end that did not read three times does not read. */
const writeTimeouts = 3

/** Standard family: silence is the only "no", so each attempt waits and the frame is sent again. A lost line ends it at once. */
export async function sendUntilAcked(line: BootLine, frame: Uint8Array, options: StandardSendOptions, signal: AbortSignal): Promise<FrameResult> {
  let noiseBytes = 0
  let timeouts = 0
  for (let attempt = 1; attempt <= options.attempts; attempt += 1) {
    // Before the write, never after it: the answer may be there as soon as the last byte has left.
    line.discard()
    const startMs = line.clock.nowMs()
    const late = await writeOrLate(line, frame, signal)
    if (late) {
      if ((timeouts += 1) >= writeTimeouts) throw late
      continue
    }
    const leftAtMs = startMs + lineMs(frame.length)
    const answer = await awaitAck(line, Math.max(leftAtMs, line.clock.nowMs()) + answerMs, options, signal)
    noiseBytes += answer.noiseBytes
    if (answer.outcome === 'silent') continue
    if (answer.outcome === 'accepted' && attempt > 1) await dropTwin(line, leftAtMs, signal)
    return { outcome: answer.outcome, attempts: attempt, noiseBytes }
  }
  return { outcome: 'silent', attempts: options.attempts, noiseBytes }
}

interface Answer {
  readonly outcome: 'accepted' | 'silent' | 'restarted' | 'taken-over'
  readonly noiseBytes: number
}

async function awaitAck(line: BootLine, untilMs: number, options: StandardSendOptions, signal: AbortSignal): Promise<Answer> {
  const markers = createMarkerCounter()
  let noiseBytes = 0
  let textBytes = 0
  for (;;) {
    const byte = await line.next(untilMs, signal)
    if (byte === undefined) return { outcome: 'silent', noiseBytes }
    if (byte === replyByte.accepted) return { outcome: 'accepted', noiseBytes }
    if (options.fixLone55 === true && byte === replyByte.rejected && noiseBytes === 0 && await isAlone(line, signal)) return { outcome: 'accepted', noiseBytes }
    noiseBytes += 1
    if (isText(byte)) textBytes += 1
    if (markers.push(byte) && options.watchRestart === true) return { outcome: 'restarted', noiseBytes }
    if (options.watchText === true && textBytes >= textBytesOfProgram) return { outcome: 'taken-over', noiseBytes }
  }
}

/** Both copies may have been taken, and the second answer would pass for that of the next frame. */
async function dropTwin(line: BootLine, leftAtMs: number, signal: AbortSignal): Promise<void> {
  // An answer before this copy can have arrived was meant for the one before, so another one has to come.
  const isEarly = line.clock.nowMs() < leftAtMs
  const untilMs = isEarly ? leftAtMs + answerMs : line.clock.nowMs() + twinMs
  for (let byte = await line.next(untilMs, signal); byte !== undefined; byte = await line.next(untilMs, signal)) {
    if (isEarly && byte === replyByte.accepted) return
  }
}

async function isAlone(line: BootLine, signal: AbortSignal): Promise<boolean> {
  if (line.waitingBytes > 0) return false
  await line.clock.sleep(loneMs, signal)
  return line.waitingBytes === 0
}

const limitMs = 4_000
const repeats = 10

/** V500 and CV6xx: 55 asks for the frame again, at most ten times; silence for 4 s is the end. */
export async function sendUntilTaken(line: BootLine, frame: Uint8Array, signal: AbortSignal): Promise<FrameResult> {
  const endMs = line.clock.nowMs() + lineMs(frame.length) + limitMs
  let noiseBytes = 0
  for (let attempt = 1; ; attempt += 1) {
    line.discard()
    if (await writeOrLate(line, frame, signal)) return { outcome: 'silent', attempts: attempt, noiseBytes }
    for (let byte = await line.next(endMs, signal); byte !== replyByte.rejected; byte = await line.next(endMs, signal)) {
      if (byte === undefined) return { outcome: 'silent', attempts: attempt, noiseBytes }
      if (byte === replyByte.accepted) return { outcome: 'accepted', attempts: attempt, noiseBytes }
      noiseBytes += 1
    }
    if (attempt > repeats) return { outcome: 'rejected', attempts: attempt, noiseBytes }
  }
}

/** The error of a far end that did not read in time, which counts as a lost frame. Any other failure means that the line is gone. */
async function writeOrLate(line: BootLine, frame: Uint8Array, signal: AbortSignal): Promise<WorkbenchError | undefined> {
  try {
    await line.write(frame, signal)
    return undefined
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof WorkbenchError && error.code === 'link/timeout') return error
    throw error
  }
}
