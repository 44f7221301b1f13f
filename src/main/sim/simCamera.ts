import { restingBaudRate } from '../../shared/devices/transport.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { isSimAgentBinary } from './agent/agentPayload.ts'
import { type AgentSeat, createAgentSeat } from './agent/agentSeat.ts'
import type { Behaviours } from './behaviours.ts'
import type { RomOptions } from './bootrom/romOptions.ts'
import { createSimBootRom } from './bootrom/simBootRom.ts'
import { emmcBytes } from './emmc.ts'
import { createKeyboard, createPacedLine } from './lines.ts'
import { runLinux } from './linux.ts'
import { createNorFlash, createRam, isBlank, type NorFlash, type Ram } from './memory.ts'
import { createNandFlash, type NandFlash } from './nandFlash.ts'
import { pause, type Timing } from './timing.ts'
import type { CameraNetwork, UbootMachine } from './ubootMachine.ts'
import { runUboot } from './ubootStart.ts'

export type CameraPlace = 'off' | 'boot-rom' | 'u-boot' | 'agent' | 'kernel' | 'linux'

/** What a test or a picture of the rack may look at. */
export interface SimCameraView {
  readonly id: string
  readonly chip: string
  /** What is written on the rack; the chip itself may differ (`wrong-flash-size`). */
  readonly flashMb: number
  /** The very NOR cells. */
  readonly cells: Uint8Array
  /** Where the camera has one. */
  readonly nand?: NandFlash | undefined
  readonly emmc?: Ram | undefined
  readonly power: 'on' | 'off'
  readonly where: CameraPlace
  /** Logins reached since the rack was made. */
  readonly bootCount: number
  readonly programmedBytes: number
  readonly erasedBytes: number
  /** True once U-Boot or a flash agent erased or wrote anything. */
  readonly flashTouched: boolean
  /** Each U-Boot command that ran, variables replaced. */
  readonly commands: readonly string[]
}

export interface SimCamera {
  readonly view: SimCameraView
  /** `held`: the boot ROM is answered at once and waits for its upload. */
  powerOn(how: 'boots-from-flash' | 'held-by-boot-rom'): void
  powerOff(): void
  /** Ends the upload: the payload in RAM starts. The simulated agent's binary runs that, anything else is a U-Boot. */
  runPayload(payload: Uint8Array): void
  receive(bytes: Uint8Array): void
  /** Of its UART. */
  readonly baudRate: number
}

/** Beside the NOR that every camera here starts from. */
export type SecondFlash = 'nand' | 'emmc' | 'emmc-vendor'

export interface SimCameraOptions {
  readonly secondFlash?: SecondFlash | undefined
  readonly id: string
  readonly chip: string
  readonly flashMb: number
  readonly clock: Clock
  readonly timing: Timing
  readonly behaviours: Behaviours
  readonly random: () => number
  readonly lively: boolean
  readonly network: CameraNetwork
  /** The boot ROM speaks its protocol on the UART and starts what it is given. Without it, it only sends its markers. */
  readonly bootRomOnUart?: RomOptions | undefined
  /** Puts the first contents into an erased chip. */
  readonly fill: (flash: NorFlash, soc: string) => void
  /** UART output at line speed. */
  readonly onOutput: (bytes: Uint8Array) => void
  readonly log: (line: string) => void
}

const commandLogLines = 5000

export function createSimCamera(options: SimCameraOptions): SimCamera {
  const { clock, timing, behaviours, chip } = options
  const soc = behaviours.ask('socName') ?? chip
  const flash = createNorFlash({
    lengthBytes: behaviours.ask('flashBytes') ?? options.flashMb * 1024 * 1024,
    landing: (offsetBytes, page) => behaviours.ask('onProgram', offsetBytes, page),
  })
  options.fill(flash, soc)
  flash.counters.programmedBytes = 0
  flash.counters.erasedBytes = 0
  const { secondFlash } = options
  const nand = secondFlash === 'nand' ? createNandFlash({ badBlocks: behaviours.ask('badBlocks') ?? [], landing: (offsetBytes, page) => behaviours.ask('onNandProgram', offsetBytes, page) }) : undefined
  const emmc = secondFlash === 'emmc' || secondFlash === 'emmc-vendor' ? { cells: createRam(emmcBytes), dialect: secondFlash === 'emmc' ? 'mainline' as const : 'vendor' as const } : undefined
  const keyboard = createKeyboard()
  const uartRom = options.bootRomOnUart && createSimBootRom({ ...options.bootRomOnUart, clock, byteMs: timing.uartByteMs, onOutput: (bytes) => { if (!mute) options.onOutput(bytes) } })
  const seen = { where: 'off' as CameraPlace, bootCount: 0, flashTouched: false, commands: [] as string[] }
  let life: AbortController | undefined
  let agent: AgentSeat | undefined
  let mute = false

  let ram = createRam()
  const ramOf = (): typeof ram => {
    if (behaviours.ask('ramSurvives') === undefined) ram = createRam()
    return ram
  }

  const startMachine = (signal: AbortSignal): UbootMachine => {
    const output = createPacedLine({ clock, signal, byteMs: timing.uartByteMs, deliver: (bytes) => { if (!mute) options.onOutput(bytes) } })
    return {
      clock, timing, signal, chip, soc, flash, nand, emmc, behaviours, keyboard, network: options.network,
      ram: ramOf(), environment: new Map(),
      state: { flashProbed: false, flashLocked: false, lastExitCode: 0 },
      say: (text) => { output.push(new TextEncoder().encode(text.replaceAll('\n', '\r\n'))) },
      drained: async () => output.drained(signal),
      pause: async (durationMs) => pause(clock, durationMs, signal),
      touchFlash: () => { seen.flashTouched = true },
      record: (command) => { if (seen.commands.length < commandLogLines) seen.commands.push(command) },
      cutPower: () => { cutPower() },
    }
  }
  /** Until it is told to restart the camera, or power goes. */
  const runAgent = async (signal: AbortSignal): Promise<void> => {
    const own = createAgentSeat({
      clock, signal, timing, behaviours, random: options.random, flash, ram: ramOf(),
      onOutput: (bytes) => { if (!mute) options.onOutput(bytes) }, onFlashTouched: () => { seen.flashTouched = true },
    })
    agent = own
    seen.where = 'agent'
    try {
      await own.run()
    } finally {
      if (agent === own) agent = undefined
    }
  }
  const live = async (signal: AbortSignal, loaded: Uint8Array | undefined): Promise<void> => {
    for (let payload = loaded; ; payload = undefined) {
      keyboard.clear()
      payload ??= await bootRom(signal)
      if (payload && isSimAgentBinary(payload)) {
        await runAgent(signal)
        continue
      }
      const machine = startMachine(signal)
      seen.where = 'u-boot'
      const next = await runUboot(machine)
      if (next === 'linux') {
        seen.where = 'kernel'
        await runLinux(machine, options.lively, options.random, () => { seen.where = 'linux'; seen.bootCount += 1 })
      } else {
        mute ||= behaviours.ask('onReset') === 'silent'
      }
    }
  }
  /** Asks for an upload a few times, then starts what is in flash. A blank chip is asked for ever. Result: what was uploaded to start. */
  const bootRom = async (signal: AbortSignal): Promise<Uint8Array | undefined> => {
    seen.where = 'boot-rom'
    if (uartRom) {
      const end = await uartRom.run(signal, () => isBlank(flash.cells.subarray(0, 512)))
      return end === 'loaded' ? uartRom.uploads.at(-1)?.bytes : undefined
    }
    do {
      if (!mute) options.onOutput(Uint8Array.of(0x20, 0x20, 0x20, 0x20, 0x20))
      await clock.sleep(100, signal)
    } while (isBlank(flash.cells.subarray(0, 512)))
    return undefined
  }
  const begin = (payload?: Uint8Array): void => {
    const own = new AbortController()
    life = own
    live(own.signal, payload).catch((error: unknown) => {
      if (own.signal.aborted) return
      options.log(`${options.id} stopped: ${String(error)}`)
      seen.where = 'off'
    })
  }
  const end = (): void => {
    life?.abort(new Error('power is off'))
    life = undefined
    seen.where = 'off'
    mute = false
  }
  const cutPower = (): void => {
    end()
    // The plug is back before anybody noticed, but the RAM and the U-Boot in it are gone.
    begin()
  }

  return {
    view: {
      id: options.id, chip, flashMb: options.flashMb, cells: flash.cells, nand, emmc: emmc?.cells,
      get power() { return life ? 'on' : 'off' },
      get where() { return seen.where },
      get bootCount() { return seen.bootCount },
      get programmedBytes() { return flash.counters.programmedBytes },
      get erasedBytes() { return flash.counters.erasedBytes },
      get flashTouched() { return seen.flashTouched },
      get commands() { return seen.commands },
    },
    powerOn: (how) => {
      if (life) return
      if (how === 'boots-from-flash') { begin(); return }
      life = new AbortController()
      seen.where = 'boot-rom'
    },
    powerOff: end,
    runPayload: (payload) => {
      life?.abort(new Error('the payload takes over'))
      begin(payload)
    },
    get baudRate() { return agent?.baudRate ?? restingBaudRate },
    receive: (bytes) => {
      if (uartRom?.isRunning === true) uartRom.receive(bytes)
      else if (agent) agent.receive(bytes)
      else if (life) keyboard.push(bytes)
    },
  }
}
