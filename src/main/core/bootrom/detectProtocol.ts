import type { Soc } from '../../../shared/devices/deviceProfile.schema.ts'
import type { PowerController } from '../../../shared/devices/power.ts'
import type { Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { bootBaudRate } from '../../protocols/bootrom/frame.ts'
import { createMarkerCounter, isText, parseCv6xxGreeting, parseV500Answer } from '../../protocols/bootrom/parser.ts'
import { encodeCv6xxHello, encodeV500Hello } from '../../protocols/bootrom/writer.ts'
import { type BootLine, dropStale, withBootLine } from './bootLine.ts'
import { type PowerCycle, startPowerCycle } from './bootPower.ts'
import { isReborn } from './handshake.ts'
import { cv6xxHelloEveryMs } from './cv6xxSession.ts'
import { v500HelloEveryMs } from './v500Session.ts'

type Protocol = Soc['protocol']

export interface DetectOptions {
  readonly transport: Transport
  readonly clock: Clock
  /** Cycled once for each family; without it the families take turns and a person switches. */
  readonly power?: PowerController | undefined
  /** All together, counted from the start; default 60 s. */
  readonly budgetMs?: number
  readonly tell?: (message: string) => void
}

export interface DetectedProtocol {
  readonly protocol: Protocol
  /** V500 only. The board id of a CV6xx cannot be asked before its first image is loaded. */
  readonly chipId?: number
  /** What was seen, in words. */
  readonly evidence: string
}

const families = [
  // Its markers come unasked, so nothing is written.
  { protocol: 'standard', hello: () => new Uint8Array(), everyMs: 50 },
  { protocol: 'v500', hello: encodeV500Hello, everyMs: v500HelloEveryMs },
  { protocol: 'cv6xx', hello: () => encodeCv6xxHello(bootBaudRate), everyMs: cv6xxHelloEveryMs },
] as const
type Family = (typeof families)[number]

const defaultBudgetMs = 60_000
const offMs = 3_000
/** Without a switch: long enough for a boot ROM to start in one turn. */
const turnMs = 2_000
/** Text after five blanks is a banner, not a boot ROM. */
const settleMs = 20
const receivedLimitBytes = 4096

/**
 * Says the hello of one family after the other and listens for all three meanwhile. Ends in time: `device/no-answer` lists what was tried.
 * The camera may sit in its boot ROM afterwards, until its power is cut.
 */
export async function detectProtocol(options: DetectOptions, signal: AbortSignal): Promise<DetectedProtocol> {
  const { transport, clock, power, tell = () => undefined } = options
  const budgetMs = options.budgetMs ?? defaultBudgetMs
  const endMs = clock.nowMs() + budgetMs
  // However short the time, each family has its turn.
  const oneTurnMs = Math.min(turnMs, budgetMs / families.length)
  const tried: Protocol[] = []
  const isSwitched = power !== undefined && power.ability !== 'manual'
  return withBootLine(transport, clock, signal, async (line) => {
    await dropStale(line, signal)
    const heard = { bytes: 0 }
    for (let turn = 0; clock.nowMs() < endMs; turn += 1) {
      if (isSwitched && turn === families.length) break
      const family = families[turn % families.length] as Family
      if (!tried.includes(family.protocol)) tried.push(family.protocol)
      tell(`Looking for a ${family.protocol} boot ROM`)
      const untilMs = isSwitched ? clock.nowMs() + (endMs - clock.nowMs()) / (families.length - turn) : Math.min(clock.nowMs() + oneTurnMs, endMs)
      const found = await listenAs(family, { line, untilMs, power: isSwitched ? power : undefined, tell, heard }, signal)
      if (found) return found
    }
    throw new WorkbenchError('device/no-answer', `No boot ROM answered; tried ${tried.join(', ')}`, {
      context: { tried: tried.join(','), receivedBytes: heard.bytes },
      hint: heard.bytes === 0 ? 'The line is silent: check power, and that TX and RX are the ones of this camera' : 'The camera talks, but not as a boot ROM: was its power cut and given back meanwhile?',
    })
  })
}

interface Turn {
  readonly line: BootLine
  readonly untilMs: number
  readonly power: PowerController | undefined
  readonly tell: (message: string) => void
  readonly heard: { bytes: number }
}

async function listenAs(family: Family, turn: Turn, parent: AbortSignal): Promise<DetectedProtocol | undefined> {
  const cycle = startPowerCycle({ power: turn.power, offMs, clock: turn.line.clock, onLateFailure: turn.tell }, parent)
  try {
    return await talkAndListen(family, turn, cycle)
  } finally {
    await cycle.end()
  }
}

async function talkAndListen({ hello, everyMs }: Family, { line, untilMs, heard }: Turn, cycle: PowerCycle): Promise<DetectedProtocol | undefined> {
  const { clock } = line
  const counter = createMarkerCounter()
  let received: number[] = []
  let dueMs = clock.nowMs()
  let lastByteMs = clock.nowMs()
  let isNewLife = false
  while (clock.nowMs() < untilMs) {
    isNewLife ||= isReborn(cycle, clock.nowMs() - lastByteMs)
    if (isNewLife && clock.nowMs() >= dueMs) {
      await line.write(hello(), cycle.signal)
      dueMs = clock.nowMs() + everyMs
    }
    const byte = await line.next(Math.min(untilMs, isNewLife ? dueMs : clock.nowMs() + settleMs), cycle.signal)
    if (byte === undefined) continue
    heard.bytes += 1
    lastByteMs = clock.nowMs()
    if (!isNewLife) continue
    received.push(byte)
    if (received.length > receivedLimitBytes) received = received.slice(-receivedLimitBytes / 2)
    if (counter.push(byte) && await staysQuiet(line, received, cycle.signal)) return { protocol: 'standard', evidence: `${counter.inARow} markers 20 in a row` }
    if (line.waitingBytes > 0) continue
    const all = Uint8Array.from(received)
    const answer = parseV500Answer(all)
    if (answer) return { protocol: 'v500', chipId: answer.chipId, evidence: `answer to the V500 hello, chip id ${answer.chipId.toString(16).padStart(8, '0')}` }
    const greeting = parseCv6xxGreeting(all)
    if (greeting !== undefined) return { protocol: 'cv6xx', evidence: `"${greeting}" after the CV6xx hello` }
  }
  return undefined
}

async function staysQuiet(line: BootLine, received: number[], signal: AbortSignal): Promise<boolean> {
  const endMs = line.clock.nowMs() + settleMs
  for (let byte = await line.next(endMs, signal); byte !== undefined; byte = await line.next(endMs, signal)) {
    received.push(byte)
    if (isText(byte)) return false
  }
  return true
}
