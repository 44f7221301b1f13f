import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { markerByte, markersOfBootMode, replyByte } from '../../protocols/bootrom/frame.ts'
import { createMarkerCounter, isText, type MarkerCounter } from '../../protocols/bootrom/parser.ts'
import { encodeHead } from '../../protocols/bootrom/writer.ts'
import { type BootLine, drainUntilSilent, lineMs } from './bootLine.ts'

const acknowledge = Uint8Array.of(replyByte.accepted)
/** 5.5 ms of line time: it is still going out when the answer of a line with delay is on its way. */
const burst = new Uint8Array(64).fill(replyByte.accepted)
const burstEveryMs = 50
const listenMs = 200
/** A line that was silent for so long belongs to a camera without power. */
const silenceMs = 1_000
const settleMs = 20
const settleLimitMs = 300
const tailBytes = 200

export interface Waiting {
  readonly line: BootLine
  /** Since when the camera surely has power; `undefined` while it is being switched. The limit counts from there. */
  readonly poweredSinceMs: () => number | undefined
  /** A switch is at work: until the line was silent for so long, or power is back, what comes is of the camera's life before. */
  readonly darkAfterMs: number | undefined
  /** `undefined`: until the signal says so. */
  readonly limitMs: number | undefined
}

export interface HandshakeOptions extends Waiting {
  /**
   * `flooding`: power is switched for us, and from the moment it may be off the line is kept full of AA, because some boards listen for
   * less than 100 ms. `quiet`: a person has the plug; an operating system on the other end would echo the flood, so nothing is
   * written until the line has spoken and then fallen silent.
   */
  readonly mode: 'flooding' | 'quiet'
}

/** Five markers in a row that are not followed by text. `device/no-answer` at the limit, with what was heard instead. */
export async function shakeHands(options: HandshakeOptions, signal: AbortSignal): Promise<{ readonly markers: number }> {
  const { line, mode, poweredSinceMs } = options
  const { clock } = line
  const heard = createHearing()
  const counter = createMarkerCounter()
  let lastByteMs = clock.nowMs()
  let lastBurstMs = Number.NEGATIVE_INFINITY
  let floods = false
  let isNewLife = options.darkAfterMs === undefined
  for (;;) {
    const silentMs = clock.nowMs() - lastByteMs
    isNewLife ||= isReborn(options, silentMs)
    if (isOver(options)) throw noAnswer(heard, 'a Standard boot ROM', 'five markers')
    const wasSwitchedOff = silentMs >= silenceMs || (isNewLife && options.darkAfterMs !== undefined)
    floods ||= mode === 'flooding' ? wasSwitchedOff || poweredSinceMs() !== undefined : wasSwitchedOff && heard.receivedBytes > 0
    if (floods && clock.nowMs() - lastBurstMs >= lineMs(burst.length)) {
      await line.write(burst, signal)
      lastBurstMs = clock.nowMs()
    }
    const byte = await line.next(clock.nowMs() + (floods ? burstEveryMs : listenMs), signal)
    if (byte === undefined) continue
    heard.push(byte)
    lastByteMs = clock.nowMs()
    if (!isNewLife) continue
    if (counter.push(byte)) {
      if (clock.nowMs() - lastBurstMs > burstEveryMs) await line.write(acknowledge, signal)
      if (await settles(line, counter, heard, signal)) return { markers: counter.inARow }
      counter.reset()
    }
    // Text or an echo means that something runs there, which a person has still to switch off.
    if (mode === 'quiet' && counter.inARow === 0 && byte !== 0) floods = false
  }
}

/** Banners hold five blanks in a row as well, but then more text; a boot ROM that was answered says nothing but markers. */
async function settles(line: BootLine, counter: MarkerCounter, heard: Hearing, signal: AbortSignal): Promise<boolean> {
  const endMs = line.clock.nowMs() + settleLimitMs
  while (line.clock.nowMs() < endMs) {
    const byte = await line.next(Math.min(line.clock.nowMs() + settleMs, endMs), signal)
    if (byte === undefined) break
    heard.push(byte)
    if (isText(byte)) return false
    if (byte === markerByte) counter.push(byte)
  }
  line.discard()
  return true
}

const frameForStartWaitMs = 50
const frameForStartLimitMs = 30_000
const echoSettleMs = 60

export interface FrameForStartOptions {
  readonly line: BootLine
  readonly stepBytes: number
  readonly stepAddress: number
}

/** Chips with PRESTEP0 want AA and the HEAD of the step until they answer. False: they did not within 30 s. */
export async function frameForStart({ line, stepBytes, stepAddress }: FrameForStartOptions, signal: AbortSignal): Promise<boolean> {
  const blast = Uint8Array.of(replyByte.accepted, ...encodeHead(stepBytes, stepAddress))
  const endMs = line.clock.nowMs() + frameForStartLimitMs
  while (line.clock.nowMs() < endMs) {
    await line.write(blast, signal)
    const waitUntilMs = line.clock.nowMs() + frameForStartWaitMs
    for (let byte = await line.next(waitUntilMs, signal); byte !== undefined; byte = await line.next(waitUntilMs, signal)) {
      if (byte !== replyByte.accepted) continue
      // Blasts that were on their way are answered too, and those answers must not pass for the next frame's.
      await drainUntilSilent(line, echoSettleMs, 10 * echoSettleMs, signal)
      return true
    }
  }
  return false
}

const againWaitMs = 200
const againLimitMs = 5_000

/** After code has run, some boot ROMs ask once more. Any end of it is good: silence and other bytes mean that nothing was asked. */
export async function shakeHandsAgain(line: BootLine, signal: AbortSignal): Promise<void> {
  const endMs = line.clock.nowMs() + againLimitMs
  for (let markers = 0; line.clock.nowMs() < endMs;) {
    const byte = await line.next(Math.min(line.clock.nowMs() + againWaitMs, endMs), signal)
    if (byte === 0x0a || byte === 0x0d) continue
    if (byte === markerByte) markers += 1
    else if (byte !== undefined || markers === 0) return
    if (byte === undefined || markers >= markersOfBootMode) {
      await line.write(acknowledge, signal)
      return
    }
  }
}

export interface GreetingOptions<T> extends Waiting {
  readonly hello: Uint8Array
  readonly everyMs: number
  /** For messages: "a V500 boot ROM". */
  readonly whom: string
  /** Looks at everything received lately. */
  readonly recognise: (received: Uint8Array) => T | undefined
}

const receivedLimitBytes = 4096

/** Says hello again and again until the answer is there, in however many pieces it comes. */
export async function greet<T>(options: GreetingOptions<T>, signal: AbortSignal): Promise<T> {
  const { line, hello, everyMs, recognise } = options
  const { clock } = line
  const heard = createHearing()
  let received: number[] = []
  // What still runs there should not be typed into, nor its answer be taken.
  let isNewLife = options.darkAfterMs === undefined
  let lastByteMs = clock.nowMs()
  let dueMs = clock.nowMs()
  for (;;) {
    if (isOver(options)) throw noAnswer(heard, options.whom, 'its greeting')
    isNewLife ||= isReborn(options, clock.nowMs() - lastByteMs)
    if (isNewLife && clock.nowMs() >= dueMs) {
      await line.write(hello, signal)
      dueMs = clock.nowMs() + everyMs
    }
    const byte = await line.next(isNewLife ? dueMs : clock.nowMs() + listenMs, signal)
    if (byte === undefined) continue
    heard.push(byte)
    lastByteMs = clock.nowMs()
    if (!isNewLife) continue
    received.push(byte)
    if (received.length > receivedLimitBytes) received = received.slice(-receivedLimitBytes / 2)
    if (line.waitingBytes > 0) continue
    const found = recognise(Uint8Array.from(received))
    if (found !== undefined) return found
  }
}

/** A boot ROM without a program sends its markers for ever, also while the switch is still on its way to take its power. */
export const isReborn = ({ poweredSinceMs, darkAfterMs }: Pick<Waiting, 'poweredSinceMs' | 'darkAfterMs'>, silentMs: number): boolean =>
  darkAfterMs === undefined || poweredSinceMs() !== undefined || silentMs >= darkAfterMs

const isOver = ({ line, poweredSinceMs, limitMs }: Waiting): boolean => {
  const sinceMs = poweredSinceMs()
  return limitMs !== undefined && sinceMs !== undefined && line.clock.nowMs() - sinceMs >= limitMs
}

/** What came while we waited, for the message: a booting system and a dead line look the same otherwise. */
interface Hearing {
  push(byte: number): void
  readonly receivedBytes: number
  readonly tail: string
}

function createHearing(): Hearing {
  let text = ''
  let receivedBytes = 0
  return {
    push: (byte) => {
      receivedBytes += 1
      text = (text + (isText(byte) || byte === 0x20 ? String.fromCharCode(byte) : '')).slice(-tailBytes)
    },
    get receivedBytes() { return receivedBytes },
    get tail() { return text },
  }
}

function noAnswer({ receivedBytes, tail }: Hearing, whom: string, what: string): WorkbenchError {
  const hint = receivedBytes === 0
    ? 'The line is silent: check power, and that TX and RX are the ones of this camera'
    : tail.trim() === ''
      ? 'Only unreadable bytes came: check ground, the rate, and that the chip is of this family'
      : 'The camera started what is in its flash instead: its boot ROM listens for a moment only; check the chip, or erase the boot partition'
  return new WorkbenchError('device/no-answer', `${whom.charAt(0).toUpperCase()}${whom.slice(1)} did not answer: ${what} did not come`, {
    context: { stage: 'handshake', receivedBytes, ...(tail === '' ? {} : { consoleTail: tail }) }, hint,
  })
}
