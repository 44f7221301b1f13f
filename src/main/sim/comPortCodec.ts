/** Telnet as the server of a serial port hears it (RFC 854, RFC 2217), byte by byte. */
export type ComPortEvent =
  | { readonly kind: 'data'; readonly bytes: Uint8Array }
  | { readonly kind: 'negotiate'; readonly verb: number; readonly option: number }
  | { readonly kind: 'command'; readonly command: number; readonly payload: readonly number[] }

const [se, sb, will, dont, iac] = [0xf0, 0xfa, 0xfb, 0xfe, 0xff] as const
export const comPortOption = 0x2c
const mostInside = 300

/** Result: takes pieces of the stream, gives what is complete. Nonsense is left out. */
export function createComPortDecoder(): (piece: Uint8Array) => ComPortEvent[] {
  let expect: 'plain' | 'code' | 'option' | 'sub' | 'sub-code' = 'plain'
  let verb = 0
  let sub: number[] = []
  return (piece) => {
    const events: ComPortEvent[] = []
    let plain: number[] = []
    const endPlain = (): void => {
      if (plain.length > 0) events.push({ kind: 'data', bytes: Uint8Array.from(plain) })
      plain = []
    }
    for (const byte of piece) {
      if (expect === 'plain') { if (byte === iac) expect = 'code'; else plain.push(byte) }
      else if (expect === 'code') {
        expect = 'plain'
        if (byte === iac) plain.push(iac)
        else if (byte === sb) { sub = []; expect = 'sub' }
        else if (byte >= will && byte <= dont) { verb = byte; expect = 'option' }
      } else if (expect === 'option') {
        endPlain()
        events.push({ kind: 'negotiate', verb, option: byte })
        expect = 'plain'
      } else if (expect === 'sub') { if (byte === iac) expect = 'sub-code'; else if (sub.length < mostInside) sub.push(byte) }
      else if (byte === iac) { sub.push(iac); expect = 'sub' }
      else {
        const [option, command, ...payload] = sub
        endPlain()
        if (byte === se && option === comPortOption && command !== undefined) events.push({ kind: 'command', command, payload })
        expect = 'plain'
      }
    }
    endPlain()
    return events
  }
}

export const doubled = (bytes: Iterable<number>): Uint8Array => Uint8Array.from([...bytes].flatMap((byte) => (byte === iac ? [iac, iac] : [byte])))

export const negotiationOf = (verb: number, option: number): Uint8Array => Uint8Array.of(iac, verb, option)

/** `command` as the client sent it. */
export const answerOf = (command: number, payload: readonly number[]): Uint8Array =>
  Uint8Array.of(iac, sb, comPortOption, command + 100, ...doubled(payload), iac, se)
