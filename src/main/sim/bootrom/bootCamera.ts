import type { CycleOnlyPower, OnOffPower, PowerState } from '../../../shared/devices/power.ts'
import type { Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createByteQueue } from '../../../shared/lifecycle/byteQueue.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { createDelayLine, createPacedLine } from '../lines.ts'
import type { RomOptions, RomUpload } from './romOptions.ts'
import { createSimBootRom } from './simBootRom.ts'

export interface BootCameraOptions extends RomOptions {
  readonly clock: Clock
  /** Of one byte on the UART; default 115200 baud. */
  readonly byteMs?: number
  /** Each way between host and UART. */
  readonly latencyMs?: number
  /** What the flash holds: an ordinary system (default), or nothing. */
  readonly flash?: 'system' | 'blank'
  /** Waits at the host's end from an earlier life. */
  readonly staleBytes?: Uint8Array
  /** True: it runs its system when the test begins. */
  readonly powered?: boolean
}

/** A camera on a cable of its own: boot ROM, and behind it an ordinary system or what was loaded. */
export interface BootCamera {
  readonly transport: Transport
  readonly onOff: OnOffPower
  /** A switch whose only command takes a while to come about. */
  readonly cycleOnly: CycleOnlyPower
  powerOn(): void
  powerOff(): void
  /** The cable is pulled: reading ends, writing fails. */
  cutLine(): void
  readonly power: PowerState
  readonly where: 'off' | 'boot-rom' | 'system' | 'loaded'
  readonly uploads: readonly RomUpload[]
  readonly starts: number
  /** Everything the host has written, in bytes. */
  readonly heardBytes: number
}

/** Blanks in a row, and an echo of every byte: what a host must not take for markers and answers. */
const systemText = '\r\n\r\nSystem startup\r\nDRAM:      64 MiB\r\nMMC:     none\r\nHit any key to stop autoboot:  0\r\n'
const loadedText = '\r\n\r\nU-Boot 2016.11 (loaded over the UART)\r\nDRAM:  64 MiB\r\n'
const switchMs = 400

export function createBootCamera(options: BootCameraOptions): BootCamera {
  const { clock, byteMs = 10_000 / 115_200, latencyMs = 0 } = options
  const cable = new AbortController()
  const toHost = createByteQueue()
  if (options.staleBytes) toHost.push(options.staleBytes)
  const out = createDelayLine({ clock, signal: cable.signal, latencyMs, deliver: (bytes) => { toHost.push(bytes) } })
  const rom = createSimBootRom({ ...options, byteMs, onOutput: out })
  const uart = createPacedLine({ clock, signal: cable.signal, byteMs, deliver: (bytes) => { if (rom.isRunning) rom.receive(bytes); else echo(bytes) } })
  const fromHost = createDelayLine({ clock, signal: cable.signal, latencyMs, deliver: uart.push })
  const state = { where: 'off' as BootCamera['where'], heardBytes: 0 }
  let life: AbortController | undefined
  let say: (bytes: Uint8Array) => void = () => undefined
  const echo = (bytes: Uint8Array): void => { if (state.where === 'system') say(bytes) }

  const start = (text: string, where: 'system' | 'loaded', signal: AbortSignal): void => {
    const paced = createPacedLine({ clock, signal, byteMs, deliver: out })
    say = paced.push
    state.where = where
    say(new TextEncoder().encode(text))
  }
  const live = async (signal: AbortSignal): Promise<void> => {
    state.where = 'boot-rom'
    const end = await rom.run(signal, () => options.flash === 'blank')
    if (end === 'loaded') start(loadedText, 'loaded', signal)
    else start(systemText, 'system', signal)
  }
  const powerOn = (): void => {
    if (life) return
    const own = new AbortController()
    life = own
    // The only rejection is the power's end.
    live(own.signal).catch(() => undefined)
  }
  const powerOff = (): void => {
    life?.abort(new Error('power is off'))
    life = undefined
    state.where = 'off'
  }
  if (options.powered === true) {
    life = new AbortController()
    start('', 'system', life.signal)
  }
  const powerNow = (): PowerState => (life ? 'on' : 'off')
  const cycle = async (offMs: number, signal: AbortSignal, untilOffMs: number): Promise<void> => {
    await clock.sleep(untilOffMs, signal)
    powerOff()
    try { await clock.sleep(offMs, signal) } finally { powerOn() }
  }
  return {
    transport: createCable({ clock, toHost, signal: cable.signal, send: (bytes) => { state.heardBytes += bytes.length; fromHost(bytes) } }),
    onOff: {
      ability: 'on-off', proof: 'read-back', label: 'simulated relay', read: async () => powerNow(),
      set: async (wanted) => { if (wanted === 'on') powerOn(); else powerOff() },
      cycle: async (offMs, signal) => cycle(offMs, signal, 0),
    },
    cycleOnly: { ability: 'cycle-only', label: 'simulated PoE port', cycle: async (offMs, signal) => cycle(Math.max(offMs, 5_000), signal, switchMs) },
    powerOn, powerOff,
    cutLine: () => { cable.abort(new Error('the cable is cut')); toHost.end() },
    get power() { return powerNow() },
    get where() { return state.where },
    get uploads() { return rom.uploads },
    get starts() { return rom.starts },
    get heardBytes() { return state.heardBytes },
  }
}

interface CableOptions {
  readonly clock: Clock
  readonly toHost: ReturnType<typeof createByteQueue>
  readonly signal: AbortSignal
  readonly send: (bytes: Uint8Array) => void
}

/** Takes bytes at once, as sockets and the buffers of a serial driver do; they leave in UART time. */
function createCable({ clock, toHost, signal: cut, send }: CableOptions): Transport {
  return {
    label: 'memory:boot-camera',
    read: async (signal) => toHost.read(signal),
    write: async (bytes, signal) => {
      signal.throwIfAborted()
      if (cut.aborted) throw new WorkbenchError('link/closed', 'The cable is cut')
      send(bytes.slice())
    },
    discardInput: async (signal) => {
      let dropped = 0
      for (let quiet = false; !quiet;) {
        dropped += toHost.discard()
        await clock.sleep(20, signal)
        quiet = toHost.waitingBytes === 0
      }
      return dropped
    },
    close: async () => { toHost.end() },
  }
}
