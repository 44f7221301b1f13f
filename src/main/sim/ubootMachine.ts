import type { DatagramNetwork } from '../../shared/devices/datagram.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import type { Behaviours } from './behaviours.ts'
import type { Environment } from './environment.ts'
import type { SimEmmc } from './emmc.ts'
import type { Keyboard } from './lines.ts'
import type { NorFlash, Ram } from './memory.ts'
import type { NandFlash } from './nandFlash.ts'
import type { SimUbi } from './nandUbi.ts'
import type { Timing } from './timing.ts'

/** What the camera's wire reaches: the pod's memory, and the lab's network through it. */
export interface CameraNetwork {
  /** The pod's TFTP server: `undefined` when it has no such file. */
  fetchFromPod(name: string): Uint8Array | undefined
  /** Absent: nothing but the pod answers. */
  readonly datagrams: DatagramNetwork | undefined
  /** The local address from which the camera's datagrams leave this computer. */
  readonly localAddress: string
}

/** One U-Boot that runs: gone with the power. */
export interface UbootMachine {
  readonly clock: Clock
  readonly timing: Timing
  /** Ends with the power. */
  readonly signal: AbortSignal
  readonly chip: string
  readonly soc: string
  readonly flash: NorFlash
  /** Beside the NOR that it starts from; most cameras have neither. */
  readonly nand?: NandFlash | undefined
  readonly emmc?: SimEmmc | undefined
  readonly ram: Ram
  readonly environment: Environment
  readonly behaviours: Behaviours
  readonly keyboard: Keyboard
  readonly network: CameraNetwork
  /** What the shell keeps between commands. */
  readonly state: { flashProbed: boolean; flashLocked: boolean; lastExitCode: number; ubi?: SimUbi | undefined }
  /** Queues text for the console; `\n` leaves as CR LF. */
  say(text: string): void
  drained(): Promise<void>
  pause(durationMs: number): Promise<void>
  /** Somebody changed the flash. */
  touchFlash(): void
  record(command: string): void
  /** The plug is pulled and put back; everything of this machine rejects from now on. */
  cutPower(): void
}

/** Result: the exit code. `words` begins with the command's own name. */
export type UbootCommand = (words: readonly string[], machine: UbootMachine) => Promise<number>

/** Thrown by `reset` and by a successful `bootm`: there is no way back into the shell. */
export class LeaveUboot extends Error {
  override readonly name = 'LeaveUboot'
  readonly to: 'reset' | 'linux'
  constructor(to: 'reset' | 'linux') {
    super(`U-Boot leaves to ${to}`)
    this.to = to
  }
}

/** Hex with or without 0x, as U-Boot reads numbers. `undefined` when it is none. */
export function hexNumber(word: string | undefined): number | undefined {
  if (word === undefined || !/^(?:0x)?[0-9a-f]{1,8}$/i.test(word)) return undefined
  return Number.parseInt(word, 16)
}

export const hexText = (value: number): string => `0x${value.toString(16)}`
export const hexWord = (value: number): string => (value >>> 0).toString(16).padStart(8, '0')

export function usage(machine: UbootMachine, name: string, lines: string): number {
  machine.say(`${name} - ${lines}\n`)
  return 1
}
