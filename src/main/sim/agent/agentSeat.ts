import { restingBaudRate } from '../../../shared/devices/transport.ts'
import { createByteQueue } from '../../../shared/lifecycle/byteQueue.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import type { Behaviours } from '../behaviours.ts'
import { createPacedLine } from '../lines.ts'
import type { NorFlash, Ram } from '../memory.ts'
import type { Timing } from '../timing.ts'
import { receiveWithin } from './agentLine.ts'
import { runSimAgent } from './simAgent.ts'

export interface AgentSeatOptions {
  readonly clock: Clock
  /** Power: its abort ends the agent. */
  readonly signal: AbortSignal
  readonly timing: Timing
  readonly behaviours: Behaviours
  readonly random: () => number
  readonly flash: NorFlash
  readonly ram: Ram
  readonly onOutput: (bytes: Uint8Array) => void
  readonly onFlashTouched: () => void
}

/** The agent in a camera: on its UART, over its own cells. */
export interface AgentSeat {
  receive(bytes: Uint8Array): void
  readonly baudRate: number
  /** Until REBOOT or the end of power. */
  run(): Promise<'reboot'>
}

export function createAgentSeat({ clock, signal, timing, behaviours, random, flash, ram, onOutput, onFlashTouched }: AgentSeatOptions): AgentSeat {
  const heard = createByteQueue()
  let baudRate: number = restingBaudRate
  const output = createPacedLine({ clock, signal, byteMs: () => timing.uartByteMs * restingBaudRate / baudRate, deliver: onOutput })
  const touched: NorFlash = {
    ...flash,
    erase: (offsetBytes, lengthBytes) => { onFlashTouched(); flash.erase(offsetBytes, lengthBytes) },
    program: (offsetBytes, bytes) => { onFlashTouched(); return flash.program(offsetBytes, bytes) },
  }
  const oddSectors = { deadSectors: behaviours.ask('deadSectors'), unstableSectors: behaviours.ask('unstableSectors') }
  return {
    receive: heard.push,
    get baudRate() { return baudRate },
    run: async () => runSimAgent({
      clock, signal, random, flash: touched, ram,
      line: {
        receive: async (limitMs, limited) => receiveWithin(heard, clock, limitMs, limited),
        send: async (bytes, sending) => { output.push(bytes); await output.drained(sending) },
        setBaudRate: (rate) => { baudRate = rate },
        get baudRate() { return baudRate },
      },
      oddities: {
        ...behaviours.ask('onAgent'),
        ...(oddSectors.deadSectors ? { deadSectors: oddSectors.deadSectors } : {}), ...(oddSectors.unstableSectors ? { unstableSectors: oddSectors.unstableSectors } : {}),
      },
      pace: { eraseSectorMs: timing.eraseBlockMs, programKibMs: timing.programKibMs, crcBytesPerMs: timing.crcBytesPerMs / 10, scanSectorMs: timing.agentScanSectorMs },
    }),
  }
}
