import { joinBytes } from '../../../shared/lifecycle/byteQueue.ts'
import { mostSubnegotiationBytes, type OptionVerb, serverOffset, telnetCodes, type TelnetFrame, telnetOptions } from './frame.ts'

export interface TelnetParser {
  /** Frames of everything that is complete, in order. Never throws; after `malformed` nothing comes any more. */
  push(chunk: Uint8Array): TelnetFrame[]
}

type State = 'data' | 'escape' | 'option' | 'inside' | 'inside-escape' | 'broken'

const verbs: Readonly<Record<number, OptionVerb>> = {
  [telnetCodes.will]: 'will', [telnetCodes.wont]: 'wont', [telnetCodes.willDo]: 'do', [telnetCodes.dont]: 'dont',
}

/** Telnet as a client with COM-PORT-OPTION hears it. Chunks may be cut anywhere. */
export function createTelnetParser(): TelnetParser {
  let state: State = 'data'
  let verb: OptionVerb = 'wont'
  let inside: number[] = []
  let frames: TelnetFrame[] = []

  const broken = (reason: string): void => {
    state = 'broken'
    inside = []
    frames.push({ kind: 'malformed', reason })
  }
  const afterEscape = (byte: number): void => {
    state = 'data'
    const known = verbs[byte]
    if (byte === telnetCodes.escape) frames.push({ kind: 'data', bytes: Uint8Array.of(byte) })
    else if (known) { verb = known; state = 'option' }
    else if (byte === telnetCodes.begin) { inside = []; state = 'inside' }
    else if (byte >= telnetCodes.firstCommand) frames.push({ kind: 'other', code: byte })
    // The sender does not double its 255s, and its data cannot be told apart.
    else broken(`255 before ${byte} is no telnet command`)
  }
  const keep = (byte: number): void => {
    state = 'inside'
    if (inside.length < mostSubnegotiationBytes) inside.push(byte)
    else broken(`a subnegotiation is longer than ${mostSubnegotiationBytes} bytes`)
  }
  const insideEscape = (byte: number): void => {
    if (byte === telnetCodes.escape) keep(byte)
    else if (byte === telnetCodes.end) { frames.push(frameOf(inside)); inside = []; state = 'data' }
    else broken(`a subnegotiation is cut off by command ${byte}`)
  }
  const step = (byte: number): void => {
    switch (state) {
      case 'escape': afterEscape(byte); break
      case 'option': frames.push({ kind: 'option', verb, option: byte }); state = 'data'; break
      case 'inside': if (byte === telnetCodes.escape) state = 'inside-escape'; else keep(byte); break
      case 'inside-escape': insideEscape(byte); break
      case 'data':
      case 'broken':
    }
  }
  return {
    push: (chunk) => {
      frames = []
      for (let at = 0; at < chunk.length && state !== 'broken';) {
        if (state !== 'data') { step(chunk[at] ?? 0); at += 1; continue }
        const found = chunk.indexOf(telnetCodes.escape, at)
        const end = found < 0 ? chunk.length : found
        if (end > at) frames.push({ kind: 'data', bytes: chunk.slice(at, end) })
        if (found >= 0) state = 'escape'
        at = end + 1
      }
      return mergeData(frames)
    },
  }
}

function frameOf(inside: readonly number[]): TelnetFrame {
  const [option, command, ...payload] = inside
  if (option !== telnetOptions.comPort || command === undefined || command < serverOffset) return { kind: 'other', code: telnetCodes.begin }
  return { kind: 'port-answer', command: command - serverOffset, payload: Uint8Array.from(payload) }
}

/** A file full of 255s would come out as one frame for each of them. */
function mergeData(frames: readonly TelnetFrame[]): TelnetFrame[] {
  const merged: TelnetFrame[] = []
  let run: Uint8Array[] = []
  const flush = (): void => {
    if (run.length > 0) merged.push({ kind: 'data', bytes: joinBytes(run) })
    run = []
  }
  for (const frame of frames) {
    if (frame.kind === 'data') { run.push(frame.bytes); continue }
    flush()
    merged.push(frame)
  }
  flush()
  return merged
}

/** `undefined` when it is no number of that many bytes. */
export function numberOf(payload: Uint8Array, lengthBytes: 1 | 4): number | undefined {
  if (payload.length !== lengthBytes) return undefined
  return payload.reduce((value, byte) => value * 256 + byte, 0)
}
