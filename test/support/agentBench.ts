import { type AgentClient, createAgentClient } from '../../src/main/core/agent/agentClient.ts'
import { createSimAgentLine, type SimAgentLine } from '../../src/main/sim/agent/agentLine.ts'
import type { SimAgentOddities } from '../../src/main/sim/agent/agentOddities.ts'
import { runSimAgent } from '../../src/main/sim/agent/simAgent.ts'
import { createNorFlash, createRam, type NorFlash, type Ram } from '../../src/main/sim/memory.ts'
import { fillDense } from '../../src/main/sim/timing.ts'
import type { Transport } from '../../src/shared/devices/transport.ts'
import { createSeededRandom } from './seededRandom.ts'
import { createVirtualClock, type VirtualClock } from './virtualClock.ts'

export interface AgentBenchOptions {
  readonly flashBytes?: number
  readonly oddities?: SimAgentOddities
  readonly fastBaudRate?: number
  readonly canSetBaudRate?: boolean
  readonly landing?: (offsetBytes: number, page: Uint8Array) => Uint8Array | undefined
  /** The host's end as the client sees it. */
  readonly wrap?: (host: Transport, clock: VirtualClock) => Transport
}

export interface AgentBench {
  readonly clock: VirtualClock
  readonly line: SimAgentLine
  readonly flash: NorFlash
  readonly ram: Ram
  readonly client: AgentClient
  readonly notes: readonly string[]
  /** How the agent ended, once it has. */
  readonly ended: Promise<'reboot' | 'off'>
  /** Runs the work on virtual time, then takes the power away; no sleeper may be left. */
  run<T>(work: () => Promise<T>, limitMs?: number): Promise<T>
}

/** A client and a simulated agent at the two ends of a line with true byte times. */
export function createAgentBench(options: AgentBenchOptions = {}): AgentBench {
  const clock = createVirtualClock()
  const random = createSeededRandom(20_260_512)
  const power = new AbortController()
  const line = createSimAgentLine({ clock, random, canSetBaudRate: options.canSetBaudRate ?? true })
  const flash = createNorFlash({ lengthBytes: options.flashBytes ?? 1024 * 1024, landing: options.landing ?? (() => undefined) })
  const ram = createRam()
  const notes: string[] = []
  const ended = runSimAgent({ clock, signal: power.signal, line: line.port, flash, ram, random, oddities: options.oddities ?? {} })
    .catch(() => 'off' as const)
  const client = createAgentClient({
    transport: options.wrap?.(line.host, clock) ?? line.host, clock, onNote: (note) => { notes.push(note) },
    ...(options.fastBaudRate === undefined ? {} : { fastBaudRate: options.fastBaudRate }),
  })
  return {
    clock, line, flash, ram, client, notes, ended,
    run: async (work, limitMs) => {
      const value = await clock.run(work(), limitMs).finally(async () => {
        power.abort(new Error('the power is off'))
        await line.host.close()
        await ended
        await clock.advance(0)
      })
      if (clock.sleepers() !== 0) throw new Error(`${clock.sleepers()} sleepers are left`)
      return value
    },
  }
}

export const denseImage = (lengthBytes: number, seed = 7): Uint8Array => fillDense(new Uint8Array(lengthBytes), seed)

/** Sectors of 64 KiB by a pattern: `#` dense content, `.` blank, `0` zeros. */
export function patternImage(pattern: string): Uint8Array {
  const image = new Uint8Array(pattern.length * 0x10000).fill(0xff)
  for (const [index, letter] of [...pattern].entries()) {
    const sector = image.subarray(index * 0x10000, (index + 1) * 0x10000)
    if (letter === '#') fillDense(sector, index + 1)
    if (letter === '0') sector.fill(0)
  }
  return image
}
