import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { NorFlash, Ram } from '../memory.ts'
import { pause } from '../timing.ts'
import { createPacketReader, packPacket, type SimPacket, wordBytes } from './agentCodec.ts'
import type { SimAgentPort } from './agentLine.ts'
import type { SimAgentOddities } from './agentOddities.ts'

export const codes = {
  info: 1, read: 2, write: 3, erase: 4, crc: 5, reboot: 6, selfUpdate: 7, setBaud: 8, scan: 9, stream: 11, markBad: 12, bandwidth: 13,
  infoIs: 0x81, data: 0x82, ack: 0x83, crcIs: 0x84, ready: 0x85, scanIs: 0x86, bandwidthIs: 0x87,
} as const

/** A scan of 256 sectors was measured with 29.6 s; erasing a sector takes what NOR data sheets call typical. */
const defaultPace: SimAgentPace = { eraseSectorMs: 150, programKibMs: 1.02, crcBytesPerMs: 6000, scanSectorMs: 115 }

export interface SimAgentPace {
  readonly eraseSectorMs: number
  readonly programKibMs: number
  readonly crcBytesPerMs: number
  readonly scanSectorMs: number
}

export interface SimAgentOptions {
  readonly clock: Clock
  /** Power: its abort ends the agent. */
  readonly signal: AbortSignal
  readonly line: SimAgentPort
  readonly flash: NorFlash
  readonly ram: Ram
  readonly random: () => number
  readonly oddities?: SimAgentOddities
  readonly pace?: SimAgentPace
  readonly sectorBytes?: number
  readonly ramBase?: number
  readonly flashWindow?: number
}

/** What the commands work on. */
export interface SimAgentMachine {
  readonly clock: Clock
  readonly flash: NorFlash
  readonly ram: Ram
  readonly random: () => number
  readonly oddities: SimAgentOddities
  readonly pace: SimAgentPace
  readonly sectorBytes: number
  readonly ramBase: number
  readonly flashWindow: number
  readonly version: number
  /** NAND: marked by MARK_BAD. */
  readonly badBlocks: Set<number>
  say(code: number, data: Uint8Array): Promise<void>
  ack(status: number, ...more: readonly number[]): Promise<void>
  /** The next whole packet; `undefined` after the limit. */
  next(limitMs: number): Promise<SimPacket | undefined>
  /** DATA packets until so many bytes are there; `undefined` after 10 s of nothing. */
  receiveContent(lengthBytes: number): Promise<Uint8Array | undefined>
  pause(durationMs: number): Promise<void>
}

const dataLimitMs = 10_000

export function createMachine(options: SimAgentOptions, oddities: SimAgentOddities): SimAgentMachine {
  const { clock, signal, line } = options
  const reader = createPacketReader()
  let packets: SimPacket[] = []
  let sentPackets = 0
  let dataPackets = 0
  const transmit = async (code: number, data: Uint8Array): Promise<void> => {
    if (oddities.mute === true) return
    sentPackets += 1
    const frame = packPacket(code, data)
    if (oddities.damagesEvery !== undefined && sentPackets % oddities.damagesEvery === 0) frame[1] = (frame[1] ?? 0) === 0x55 ? 0x56 : 0x55
    await line.send(frame, signal)
  }
  const next = async (limitMs: number): Promise<SimPacket | undefined> => {
    const untilMs = clock.nowMs() + limitMs
    for (;;) {
      const packet = packets.shift()
      if (packet) return packet
      const bytes = await line.receive(Math.max(0, untilMs - clock.nowMs()), signal)
      if (!bytes) return undefined
      packets = reader.feed(bytes)
    }
  }
  const say = async (code: number, data: Uint8Array): Promise<void> => {
    for (let count = 0; count < 3 && oddities.readyEverywhere === true; count += 1) await transmit(codes.ready, new TextEncoder().encode('DEFIB'))
    await transmit(code, data)
  }
  return {
    clock, oddities, flash: options.flash, ram: options.ram, random: options.random,
    pace: options.pace ?? defaultPace, sectorBytes: options.sectorBytes ?? 0x10000,
    ramBase: options.ramBase ?? 0x40000000, flashWindow: options.flashWindow ?? 0x14000000, version: oddities.version ?? 4, badBlocks: new Set(),
    say, next,
    ack: async (status, ...more) => say(codes.ack, Uint8Array.of(status, ...wordBytes(...more))),
    receiveContent: async (lengthBytes) => {
      const content = new Uint8Array(lengthBytes)
      for (let at = 0; at < lengthBytes;) {
        const packet = await next(dataLimitMs)
        if (!packet) return undefined
        if (packet.code !== codes.data || packet.data.length < 3) continue
        dataPackets += 1
        if (dataPackets === oddities.losesDataPacket) continue
        const bytes = packet.data.subarray(2, 2 + lengthBytes - at)
        content.set(bytes, at)
        at += bytes.length
      }
      return content
    },
    pause: async (durationMs) => pause(clock, durationMs, signal),
  }
}
