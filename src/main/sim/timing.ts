import type { Clock } from '../../shared/lifecycle/clock.ts'

export type SimSpeed = 'fast' | 'real'

/** How long the physical things take. Rates are bytes per millisecond; Infinity is "no time at all". */
export interface Timing {
  readonly uartByteMs: number
  /** Each way between the host and the pod's bridge. */
  readonly bridgeLatencyMs: number
  readonly httpRequestMs: number
  readonly wifiBytesPerMs: number
  readonly powerOffMs: number
  readonly bootRomHelloMs: number
  readonly ddrInitMs: number
  readonly bootRomBytesPerMs: number
  readonly ubootStartMs: number
  /** One unit of `bootdelay`. */
  readonly autobootSecondMs: number
  /** PHY auto-negotiation and ARP; every network command of U-Boot starts from a cold PHY. */
  readonly networkStartMs: number
  readonly podTftpBytesPerMs: number
  readonly eraseBlockMs: number
  readonly programKibMs: number
  readonly flashReadBytesPerMs: number
  readonly crcBytesPerMs: number
  readonly ramFillBytesPerMs: number
  readonly baudSwitchMs: number
  /** A scan of 256 sectors by the flash agent was measured with 29.6 s. */
  readonly agentScanSectorMs: number
  /** Factor on the pauses between the kernel's lines. */
  readonly kernelPace: number
}

/**
 * The measured run that `real` reproduces: boot-ROM upload of 17408 + 236195 bytes 26 s, 7664 KiB staged in 50 s,
 * then fetch + erase + write of 64, 3072 (two thirds full), 4272 and 256 KiB in 7.5, 11.7, 15.7 and 8.3 s.
 */
const real: Timing = {
  uartByteMs: 10_000 / 115_200,
  bridgeLatencyMs: 25,
  httpRequestMs: 60,
  wifiBytesPerMs: 157.5,
  powerOffMs: 2000,
  bootRomHelloMs: 120,
  ddrInitMs: 600,
  bootRomBytesPerMs: 11.4,
  ubootStartMs: 350,
  autobootSecondMs: 1000,
  networkStartMs: 7350,
  podTftpBytesPerMs: 2500,
  eraseBlockMs: 27,
  programKibMs: 1.02,
  flashReadBytesPerMs: 6000,
  crcBytesPerMs: 60_000,
  ramFillBytesPerMs: 300_000,
  baudSwitchMs: 1000,
  agentScanSectorMs: 115,
  kernelPace: 1,
}

const fast: Timing = {
  uartByteMs: 0,
  bridgeLatencyMs: 0,
  httpRequestMs: 0,
  wifiBytesPerMs: Infinity,
  powerOffMs: 10,
  bootRomHelloMs: 5,
  ddrInitMs: 5,
  bootRomBytesPerMs: Infinity,
  ubootStartMs: 5,
  // The host still has to see the line and answer over a socket.
  autobootSecondMs: 1500,
  networkStartMs: 5,
  podTftpBytesPerMs: Infinity,
  eraseBlockMs: 0,
  programKibMs: 0,
  flashReadBytesPerMs: Infinity,
  crcBytesPerMs: Infinity,
  ramFillBytesPerMs: Infinity,
  baudSwitchMs: 5,
  agentScanSectorMs: 0,
  kernelPace: 0.08,
}

export const timingOf = (speed: SimSpeed): Timing => (speed === 'real' ? real : fast)

/** Takes no turn of the timer for nothing: `fast` would spend its time in thousands of one-millisecond timers. */
export async function pause(clock: Clock, durationMs: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (durationMs > 0) await clock.sleep(durationMs, signal)
}

/** A small seeded generator (mulberry32): a rack that misbehaves must misbehave the same way again. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** Bytes that look like compressed data, in place; xorshift32, because megabytes of it are needed. The place must be aligned to four. */
export function fillDense(place: Uint8Array, seed: number): Uint8Array {
  const words = new Uint32Array(place.buffer, place.byteOffset, place.length >> 2)
  let state = (seed * 2_654_435_761 + 0x9e3779b9) >>> 0 || 1
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state
  }
  for (let index = 0; index < words.length; index += 1) words[index] = next()
  for (let index = words.length * 4; index < place.length; index += 1) place[index] = next()
  return place
}

export const denseBytes = (lengthBytes: number, seed: number): Uint8Array => fillDense(new Uint8Array(lengthBytes), seed)
