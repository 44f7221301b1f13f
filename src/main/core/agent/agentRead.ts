import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { packetLimits } from '../../protocols/agent/frame.ts'
import { parseReadData } from '../../protocols/agent/parser.ts'
import { hexAddress, refused, unexpected } from './agentAnswers.ts'
import type { AgentLink, AgentTalk } from './agentLink.ts'
import { agentLimits } from './agentLimits.ts'

/** Small enough that a cancelled READ has run out before anybody misses the agent: 12 s at 115200 baud. */
const pieceBytes = 128 * 1024
/** With one packet in five lost, a piece is whole after about six rounds. */
const maxRounds = 12

export type Progress = (doneBytes: number, totalBytes: number) => void

export interface ReadOptions {
  /** eMMC is read in blocks of 512 bytes; everything else byte by byte. */
  readonly alignBytes: number
  readonly onProgress?: Progress | undefined
  /** Told how many bytes were lost on the way and are asked for again. */
  readonly onLost?: ((lostBytes: number) => void) | undefined
}

interface Range {
  readonly at: number
  readonly lengthBytes: number
}

/** Every byte of the range, or an error: `link/gap` names what stays missing, `device/refused` what the agent will not read. */
export async function readRange(link: AgentLink, address: number, lengthBytes: number, options: ReadOptions, signal: AbortSignal): Promise<Uint8Array> {
  const whole = new Uint8Array(lengthBytes)
  for (let at = 0; at < lengthBytes; at += pieceBytes) {
    const piece = whole.subarray(at, at + pieceBytes)
    await readPiece(link, address + at, piece, options, signal)
    options.onProgress?.(at + piece.length, lengthBytes)
  }
  return whole
}

async function readPiece(link: AgentLink, address: number, piece: Uint8Array, options: ReadOptions, signal: AbortSignal): Promise<void> {
  let missing: readonly Range[] = [{ at: 0, lengthBytes: piece.length }]
  for (let round = 1; missing.length > 0; round += 1) {
    if (round > maxRounds) {
      const [first] = missing
      const missingBytes = missing.reduce((sum, range) => sum + range.lengthBytes, 0)
      throw new WorkbenchError('link/gap', `${missingBytes} bytes from ${hexAddress(address + (first?.at ?? 0))} on did not arrive in ${maxRounds} tries`, {
        context: { address: address + (first?.at ?? 0), missingBytes }, hint: 'The line loses bytes: try a lower baud rate, a shorter cable, or a wired pod',
      })
    }
    const still: Range[] = []
    for (const range of missing) {
      const lost = await readOnce(link, address, range, piece, signal)
      still.push(...lost.map((each) => widened(each, piece.length, options.alignBytes)))
    }
    missing = still
    if (missing.length > 0) options.onLost?.(missing.reduce((sum, range) => sum + range.lengthBytes, 0))
  }
}

/** Puts what arrives into `piece`; the result is what did not. A READ without its ACK proves nothing, so all of it is missing. */
async function readOnce(link: AgentLink, address: number, range: Range, piece: Uint8Array, signal: AbortSignal): Promise<readonly Range[]> {
  try {
    const packets = await link.exchange(signal, async (talk) => collect(talk, address + range.at, range.lengthBytes))
    return placed(packets, range, piece)
  } catch (error) {
    const isWorthIt = error instanceof WorkbenchError && (error.code === 'link/timeout' || error.code === 'link/garbled')
    if (!isWorthIt || signal.aborted) throw error
    return [range]
  }
}

async function collect(talk: AgentTalk, address: number, lengthBytes: number): Promise<ReadonlyMap<number, Uint8Array>> {
  const what = `Reading ${lengthBytes} bytes at ${hexAddress(address)}`
  const packets = new Map<number, Uint8Array>()
  let received = 0
  let index = -1
  await talk.send({ kind: 'read', address, lengthBytes })
  for (;;) {
    const answer = await talk.next(index < 0 ? agentLimits.readFirstMs : agentLimits.readNextMs, what)
    // A bad status is an error, and never data of no length.
    if (answer.kind === 'ack') {
      if (answer.status !== 0) throw refused(answer, what, { address, lengthBytes })
      return packets
    }
    const data = answer.kind === 'data' ? parseReadData(answer.bytes) : undefined
    if (!data) throw unexpected(answer, what)
    index += 1 + ((data.sequence - index - 1) & 0xffff)
    received += data.bytes.length
    if (received > lengthBytes || index >= lengthBytes) throw new WorkbenchError('link/garbled', `${what}: more came than was asked for`, { context: { address, lengthBytes } })
    packets.set(index, data.bytes)
  }
}

/** A packet says its number, not its address: behind a gap the place is known only while all packets have the usual length. */
function placed(packets: ReadonlyMap<number, Uint8Array>, range: Range, piece: Uint8Array): readonly Range[] {
  const usual = packetLimits.readPayloadBytes
  const lastIndex = Math.ceil(range.lengthBytes / usual) - 1
  const lengthOf = (index: number): number => (index === lastIndex ? range.lengthBytes - lastIndex * usual : usual)
  if ([...packets].every(([index, bytes]) => index <= lastIndex && bytes.length === lengthOf(index))) {
    const missing: Range[] = []
    for (let index = 0; index <= lastIndex; index += 1) {
      const bytes = packets.get(index)
      if (bytes) piece.set(bytes, range.at + index * usual)
      else missing.push({ at: range.at + index * usual, lengthBytes: lengthOf(index) })
    }
    return joined(missing)
  }
  let at = 0
  for (let index = 0, bytes = packets.get(0); bytes; index += 1, bytes = packets.get(index)) {
    piece.set(bytes, range.at + at)
    at += bytes.length
  }
  return at === range.lengthBytes ? [] : [{ at: range.at + at, lengthBytes: range.lengthBytes - at }]
}

function joined(ranges: readonly Range[]): readonly Range[] {
  const whole: Range[] = []
  for (const range of ranges) {
    const before = whole.at(-1)
    if (before && before.at + before.lengthBytes === range.at) whole[whole.length - 1] = { at: before.at, lengthBytes: before.lengthBytes + range.lengthBytes }
    else whole.push(range)
  }
  return whole
}

function widened({ at, lengthBytes }: Range, limitBytes: number, alignBytes: number): Range {
  const from = at - (at % alignBytes)
  const to = Math.min(limitBytes, Math.ceil((at + lengthBytes) / alignBytes) * alignBytes)
  return { at: from, lengthBytes: to - from }
}
