import { answerOf, comPortOption, createComPortDecoder, doubled, negotiationOf } from './comPortCodec.ts'

export interface ComPortState {
  baudRate: number
  dataSize: number
  /** 1: none. */
  parity: number
  /** 1: one. */
  stopSize: number
  /** 1: none. */
  flowControl: number
  isBreak: boolean
  isDtrOn: boolean
  isRtsOn: boolean
}

/** How servers differ. Left out: the most obliging one. */
export interface ComPortManners {
  /** The rate that is set and confirmed; `undefined`: no answer at all. */
  readonly rateFor?: (wanted: number, present: number) => number | undefined
  /** Some confirm none of the modem lines. */
  readonly confirmsControl?: boolean
  readonly flowControlFor?: (wanted: number) => number
  readonly isSilent?: boolean
  readonly refusesOption?: (option: number) => boolean
}

export interface ComPortServerOptions extends ComPortManners {
  readonly send: (bytes: Uint8Array) => void
  /** For the UART. */
  readonly onData: (bytes: Uint8Array) => void
  /** After each command that changed or confirmed something: its number, and its value. */
  readonly onCommand?: (command: number, value: number) => void
  readonly state: ComPortState
}

export interface ComPortServer {
  hear(piece: Uint8Array): void
  /** From the UART. */
  say(bytes: Uint8Array): void
}

export const restingPort = (): ComPortState => ({
  baudRate: 9_600, dataSize: 8, parity: 1, stopSize: 1, flowControl: 1, isBreak: false, isDtrOn: false, isRtsOn: false,
})

const [will, wont, please, dont] = [0xfb, 0xfc, 0xfd, 0xfe] as const
const echo = 1
const known = new Set([0, 3, comPortOption])
const bytes4 = (value: number): number[] => [(value >>> 24) & 0xff, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff]

/** One client of an RFC 2217 port, from its first byte on. */
export function createComPortServer(options: ComPortServerOptions): ComPortServer {
  const { send, state } = options
  const decode = createComPortDecoder()
  const said = new Set<string>()
  const sayOption = (verb: number, option: number): void => {
    const key = `${verb} ${option}`
    if (said.has(key) || options.isSilent === true) return
    said.add(key)
    send(negotiationOf(verb, option))
  }
  // As terminal servers do: an offer that nobody asked for.
  sayOption(will, echo)
  const negotiate = (verb: number, option: number): void => {
    if (verb !== will && verb !== please) return
    const isGranted = known.has(option) && options.refusesOption?.(option) !== true
    if (verb === will) sayOption(isGranted ? please : dont, option)
    else sayOption(isGranted ? will : wont, option)
  }
  const answer = (command: number, payload: readonly number[]): void => { if (options.isSilent !== true) send(answerOf(command, payload)) }
  const setRate = (payload: readonly number[]): void => {
    const wanted = payload.reduce((value, byte) => value * 256 + byte, 0)
    const kept = wanted === 0 || !options.rateFor ? wanted || state.baudRate : options.rateFor(wanted, state.baudRate)
    if (kept === undefined) return
    state.baudRate = kept
    answer(1, bytes4(kept))
    options.onCommand?.(1, kept)
  }
  const setSmall = (command: number, name: 'dataSize' | 'parity' | 'stopSize', wanted: number): void => {
    if (wanted !== 0) state[name] = wanted
    answer(command, [state[name]])
    options.onCommand?.(command, state[name])
  }
  const setControl = (wanted: number): void => {
    if (wanted >= 1 && wanted <= 3) state.flowControl = options.flowControlFor?.(wanted) ?? wanted
    if (wanted === 5 || wanted === 6) state.isBreak = wanted === 5
    if (wanted === 8 || wanted === 9) state.isDtrOn = wanted === 8
    if (wanted === 11 || wanted === 12) state.isRtsOn = wanted === 11
    if (options.confirmsControl !== false) answer(5, [wanted <= 3 ? state.flowControl : wanted])
    options.onCommand?.(5, wanted)
  }
  return {
    hear: (piece) => {
      for (const event of decode(piece)) {
        if (event.kind === 'data') { options.onData(event.bytes); continue }
        if (event.kind === 'negotiate') { negotiate(event.verb, event.option); continue }
        const [value = 0] = event.payload
        switch (event.command) {
          case 1: if (event.payload.length === 4) setRate(event.payload); break
          case 2: setSmall(2, 'dataSize', value); break
          case 3: setSmall(3, 'parity', value); break
          case 4: setSmall(4, 'stopSize', value); break
          case 5: setControl(value); break
          default:
        }
      }
    },
    say: (bytes) => { send(doubled(bytes)) },
  }
}
