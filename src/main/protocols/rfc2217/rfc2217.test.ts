import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { joinBytes } from '../../../shared/lifecycle/byteQueue.ts'
import { comPortCommands, controls, mostSubnegotiationBytes, type OptionVerb, parities, stopSizes, type TelnetFrame } from './frame.ts'
import { createNegotiation } from './negotiation.ts'
import { createTelnetParser, numberOf } from './parser.ts'
import { writeData, writeOption, writePortSetting, writeSetBaudRate } from './writer.ts'

const hex = (bytes: Uint8Array): string => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ')
const bytesOf = (text: string): Uint8Array => Uint8Array.from(text.split(' ').filter(Boolean), (each) => Number.parseInt(each, 16))
const parse = (...chunks: readonly Uint8Array[]): TelnetFrame[] => {
  const parser = createTelnetParser()
  return chunks.flatMap((chunk) => parser.push(chunk))
}
const dataOf = (frames: readonly TelnetFrame[]): Uint8Array => joinBytes(frames.flatMap((frame) => (frame.kind === 'data' ? [frame.bytes] : [])))
/** Frames without the places where data happened to be cut. */
const merged = (frames: readonly TelnetFrame[]): TelnetFrame[] => frames.reduce<TelnetFrame[]>((before, frame) => {
  const last = before.at(-1)
  return frame.kind === 'data' && last?.kind === 'data' ? [...before.slice(0, -1), { kind: 'data', bytes: joinBytes([last.bytes, frame.bytes]) }] : [...before, frame]
}, [])
const cutUp = (bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] => {
  const places = [0, ...cuts.map((cut) => cut % (bytes.length + 1)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end))
}
const anyCuts = fc.array(fc.nat(5_000), { maxLength: 20 })
const telnetish = fc.array(fc.oneof(fc.constantFrom(255, 250, 240, 251, 253, 44, 101), fc.nat(255)), { maxLength: 400 }).map((bytes) => Uint8Array.from(bytes))

describe('what goes out', () => {
  test.each([
    ['SET-BAUDRATE 115200, big-endian', writeSetBaudRate(115_200), 'ff fa 2c 01 00 01 c2 00 ff f0'],
    ['SET-BAUDRATE 921600', writeSetBaudRate(921_600), 'ff fa 2c 01 00 0e 10 00 ff f0'],
    ['a rate with a 255 in it is doubled inside too', writeSetBaudRate(0x00ff01ff), 'ff fa 2c 01 00 ff ff 01 ff ff ff f0'],
    ['SET-DATASIZE 8', writePortSetting('setDataSize', 8), 'ff fa 2c 02 08 ff f0'],
    ['SET-PARITY none', writePortSetting('setParity', parities.none), 'ff fa 2c 03 01 ff f0'],
    ['SET-STOPSIZE one', writePortSetting('setStopSize', stopSizes.one), 'ff fa 2c 04 01 ff f0'],
    ['SET-CONTROL no flow control', writePortSetting('setControl', controls.noFlowControl), 'ff fa 2c 05 01 ff f0'],
    ['SET-CONTROL break on', writePortSetting('setControl', controls.breakOn), 'ff fa 2c 05 05 ff f0'],
    ['SET-CONTROL break off', writePortSetting('setControl', controls.breakOff), 'ff fa 2c 05 06 ff f0'],
    ['SET-CONTROL DTR on', writePortSetting('setControl', controls.dtrOn), 'ff fa 2c 05 08 ff f0'],
    ['SET-CONTROL DTR off', writePortSetting('setControl', controls.dtrOff), 'ff fa 2c 05 09 ff f0'],
    ['SET-CONTROL RTS on', writePortSetting('setControl', controls.rtsOn), 'ff fa 2c 05 0b ff f0'],
    ['SET-CONTROL RTS off', writePortSetting('setControl', controls.rtsOff), 'ff fa 2c 05 0c ff f0'],
    ['WILL COM-PORT-OPTION', writeOption('will', 44), 'ff fb 2c'],
    ['DO BINARY', writeOption('do', 0), 'ff fd 00'],
    ['WONT', writeOption('wont', 1), 'ff fc 01'],
    ['DONT', writeOption('dont', 1), 'ff fe 01'],
    ['data', writeData(bytesOf('00 ff 0d ff ff 0a')), '00 ff ff 0d ff ff ff ff 0a'],
  ])('%s', (_, bytes, expected) => { expect(hex(bytes)).toBe(expected) })

  test('all 256 values, 255 twice', () => {
    const all = Uint8Array.from({ length: 256 }, (_, index) => index)
    expect(writeData(all).length).toBe(257)
    expect(dataOf(parse(writeData(all)))).toEqual(all)
  })
})

describe('what comes in', () => {
  test.each<[string, string, TelnetFrame[]]>([
    ['an answer to SET-BAUDRATE', 'ff fa 2c 65 00 01 c2 00 ff f0', [{ kind: 'port-answer', command: comPortCommands.setBaudRate, payload: bytesOf('00 01 c2 00') }]],
    ['an answer with a doubled 255', 'ff fa 2c 65 00 ff ff 01 ff ff ff f0', [{ kind: 'port-answer', command: 1, payload: bytesOf('00 ff 01 ff') }]],
    ['a command that only a client may send', 'ff fa 2c 01 00 01 c2 00 ff f0', [{ kind: 'other', code: 250 }]],
    ['another option\'s subnegotiation', 'ff fa 18 01 ff f0 41', [{ kind: 'other', code: 250 }, { kind: 'data', bytes: bytesOf('41') }]],
    ['an empty one', 'ff fa ff f0', [{ kind: 'other', code: 250 }]],
    ['options', 'ff fb 00 ff fd 2c ff fc 01 ff fe 03', [
      { kind: 'option', verb: 'will', option: 0 }, { kind: 'option', verb: 'do', option: 44 }, { kind: 'option', verb: 'wont', option: 1 }, { kind: 'option', verb: 'dont', option: 3 },
    ]],
    ['a "go ahead" between data', '41 ff f9 42', [{ kind: 'data', bytes: bytesOf('41') }, { kind: 'other', code: 249 }, { kind: 'data', bytes: bytesOf('42') }]],
    ['a 255 that nobody doubled', '41 ff 41 42', [{ kind: 'data', bytes: bytesOf('41') }, { kind: 'malformed', reason: '255 before 65 is no telnet command' }]],
    ['a subnegotiation that is cut off', 'ff fa 2c 65 ff fb 00', [{ kind: 'malformed', reason: 'a subnegotiation is cut off by command 251' }]],
  ])('%s', (_, text, expected) => { expect(parse(bytesOf(text))).toEqual(expected) })

  test('a subnegotiation without an end costs a bounded amount', () => {
    const frames = parse(bytesOf('ff fa 2c 65'), ...Array.from({ length: 100 }, () => new Uint8Array(1_000)))
    expect(frames).toEqual([{ kind: 'malformed', reason: `a subnegotiation is longer than ${mostSubnegotiationBytes} bytes` }])
    expect(parse(bytesOf('ff fa'), new Uint8Array(5_000).fill(255))).toEqual([{ kind: 'malformed', reason: `a subnegotiation is longer than ${mostSubnegotiationBytes} bytes` }])
  })

  test('any bytes with any cuts give the same as in one piece, and never throw', () => {
    fc.assert(fc.property(telnetish, anyCuts, (bytes, cuts) => {
      expect(merged(parse(...cutUp(bytes, cuts)))).toEqual(parse(bytes))
    }))
  })

  test('any data passes, whatever is cut and whatever commands stand between', () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), anyCuts, (pieces, cuts) => {
      const between = [writeOption('will', 1), bytesOf('ff fa 2c 6b ff ff ff f0'), bytesOf('ff f1')]
      const wire = joinBytes(pieces.flatMap((piece, index) => [writeData(piece), between[index % 3] ?? new Uint8Array()]))
      expect(dataOf(parse(...cutUp(wire, cuts)))).toEqual(joinBytes(pieces))
    }))
  })

  test('a value has exactly its length', () => {
    expect(numberOf(bytesOf('00 0e 10 00'), 4)).toBe(921_600)
    expect(numberOf(bytesOf('ff ff ff ff'), 4)).toBe(4_294_967_295)
    expect(numberOf(bytesOf('08'), 1)).toBe(8)
    expect(numberOf(bytesOf('00 08'), 1)).toBeUndefined()
    expect(numberOf(bytesOf('01 c2 00'), 4)).toBeUndefined()
  })
})

describe('agreeing', () => {
  const yes: readonly (readonly [OptionVerb, number])[] = [['do', 44], ['do', 0], ['will', 0]]

  test('asks for its port, for eight bits and for no "go ahead", both ways', () => {
    expect(hex(createNegotiation().opening)).toBe('ff fb 2c ff fb 00 ff fd 00 ff fb 03 ff fd 03')
  })

  test('is agreed when the port and both directions of binary are; answers are not answered', () => {
    const negotiation = createNegotiation()
    for (const [verb, option] of yes) {
      expect(negotiation.isAgreed).toBe(false)
      expect(negotiation.hear(verb, option).length).toBe(0)
    }
    expect(negotiation.hear('wont', 3).length).toBe(0)
    expect(negotiation.isAgreed).toBe(true)
  })

  test.each([['dont', 44, 'commands for its port'], ['dont', 0, '8-bit data from us'], ['wont', 0, '8-bit data to us']] as const)('%s %i is a refusal, also later', (verb, option, name) => {
    const negotiation = createNegotiation()
    for (const [each, wanted] of yes) negotiation.hear(each, wanted)
    expect(negotiation.refused).toBeUndefined()
    negotiation.hear(verb, option)
    expect(negotiation).toMatchObject({ isAgreed: false, refused: name })
  })

  test('what was never wished for is declined, once', () => {
    const negotiation = createNegotiation()
    expect(hex(negotiation.hear('will', 1))).toBe('ff fe 01')
    expect(hex(negotiation.hear('do', 24))).toBe('ff fc 18')
    expect(negotiation.hear('will', 1).length + negotiation.hear('wont', 7).length + negotiation.hear('dont', 24).length).toBe(0)
    expect(hex(negotiation.hear('will', 44))).toBe('ff fd 2c')
  })

  test('a far end that goes on and on gets a bounded answer', () => {
    fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom<OptionVerb>('do', 'dont', 'will', 'wont'), fc.nat(255)), { maxLength: 3_000 }), (heard) => {
      const negotiation = createNegotiation()
      const answered = [...heard, ...heard].reduce((sum, [verb, option]) => sum + negotiation.hear(verb, option).length, 0)
      expect(answered).toBeLessThanOrEqual(2 * 256 * 3)
    }))
  })
})
