import type { BootProfile, Soc } from '../../../shared/devices/deviceProfile.schema.ts'
import type { PowerController } from '../../../shared/devices/power.ts'
import type { Transport } from '../../../shared/devices/transport.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { parseCv6xxImage } from '../../protocols/bootrom/cv6xxImage.ts'
import { parseV500Image } from '../../protocols/bootrom/v500Image.ts'
import { type BootLine, dropStale, withBootLine } from './bootLine.ts'
import { type PowerCycle, startPowerCycle } from './bootPower.ts'
import { type BootProgress, type BootStage, type BootTrack, createBootTrack } from './bootStages.ts'
import { runCv6xxSession } from './cv6xxSession.ts'
import type { Waiting } from './handshake.ts'
import { buildStandardParts } from './standardParts.ts'
import { runStandardSession } from './standardSession.ts'
import { type AreaSession, runV500Session } from './v500Session.ts'

export interface BootLoadLimits {
  /** For each attempt, from power-on. Default 30 s with a switch; without one the signal is the only limit, because a person has the plug. */
  readonly handshakeMs?: number
  /** How long power is off at least; default 3 s, which drains the capacitors of a camera. */
  readonly offMs?: number
}

export interface BootLoadOptions {
  /** At 115200 baud; nobody else reads it meanwhile. It stays open. */
  readonly transport: Transport
  readonly clock: Clock
  readonly soc: Soc
  /** The Standard family needs one; the others have none. */
  readonly profile?: BootProfile | undefined
  /** U-Boot, or the complete boot image of a V500 or CV6xx chip. */
  readonly image: Uint8Array
  /** Standard only: loaded instead of U-Boot. The SPL is cut from `image` all the same. */
  readonly payload?: Uint8Array | undefined
  /** Standard only: a ready SPL for boards on which the one in the image does not bring up the memory. */
  readonly spl?: Uint8Array | undefined
  readonly power?: PowerController | undefined
  /** `flooding` where power is switched for us, `quiet` where a person has the plug. */
  readonly mode: 'flooding' | 'quiet'
  readonly limits?: BootLoadLimits
  /** CV6xx only: for boards that do not say which one they are. */
  readonly boardId?: number | undefined
  /** For drivers of macOS that deliver 55 instead of AA: a lone one is an answer of the Standard family. */
  readonly fixLone55?: boolean
  readonly tell: (progress: BootProgress) => void
}

export interface BootLoad {
  readonly protocol: Soc['protocol']
  /** Completed, in order. */
  readonly stages: readonly BootStage[]
  /** Standard: five or more. */
  readonly handshakeMarkers: number
  readonly attempts: number
  /** V500. */
  readonly chipId?: number
  /** CV6xx. */
  readonly boardId?: number
  readonly warnings: readonly string[]
  /** What came since the last frame was sent, at most 64 KiB: the banner of what was loaded belongs to the console. */
  readonly received: Uint8Array
  readonly elapsedMs: number
}

const defaultHandshakeMs = 30_000
const defaultOffMs = 3_000
const attemptsWithSwitch = 2

type Session = (line: BootLine, track: BootTrack, cycle: PowerCycle, signal: AbortSignal) => Promise<Partial<Pick<BootLoad, 'handshakeMarkers' | 'chipId' | 'boardId'>>>

/** Until one of these is done nothing of the camera's own is lost by starting again. */
const ddrStage: Readonly<Record<Soc['protocol'], BootStage>> = { standard: 'ddr_init', v500: 'aux_area', cv6xx: 'ddr_training' }

/**
 * Puts a U-Boot into the camera's RAM over its UART and lets it start. Resolves when the last frame was taken; that U-Boot runs is proved
 * by its prompt only. With a switch a failure before the memory is set up gets a second try with a new power cycle.
 * Cancelled or failed, the camera may sit in its boot ROM until its power is cut; power is given back before this ends.
 * `input/*`: the files, before anything was switched · `device/no-answer`: no boot ROM · `pod/boot-failed`: a frame was not taken ·
 * `link/*`: the line is gone · errors of the power switch as they are. `context.stage` names the stage.
 */
export async function loadThroughBootRom(options: BootLoadOptions, signal: AbortSignal): Promise<BootLoad> {
  const session = planSession(options)
  const startMs = options.clock.nowMs()
  const attempts = options.power && options.power.ability !== 'manual' ? attemptsWithSwitch : 1
  for (let attempt = 1; ; attempt += 1) {
    const track = createBootTrack(options.tell)
    try {
      const loaded = await loadOnce(options, session, track, signal)
      return { ...loaded, attempts: attempt, elapsedMs: options.clock.nowMs() - startMs }
    } catch (error) {
      signal.throwIfAborted()
      const isWorthIt = error instanceof WorkbenchError && (error.code === 'device/no-answer' || error.code === 'pod/boot-failed')
      if (!isWorthIt || attempt >= attempts || track.completed.includes(ddrStage[options.soc.protocol])) throw error
      options.tell({ stage: track.stage, sentBytes: 0, totalBytes: 0, message: `${error.message}. Trying once more with a new power cycle` })
    }
  }
}

/** Reads the files before anything is switched. */
function planSession(options: BootLoadOptions): Session {
  const { soc, image, mode, fixLone55 = false, boardId } = options
  const limitMs = options.limits?.handshakeMs ?? (options.power && options.power.ability !== 'manual' ? defaultHandshakeMs : undefined)
  const waitingOf = ({ poweredSinceMs, darkAfterMs }: PowerCycle): Omit<Waiting, 'line'> => ({ poweredSinceMs, darkAfterMs, limitMs })
  const areas = (line: BootLine, track: BootTrack, cycle: PowerCycle): AreaSession =>
    ({ line, track, waiting: waitingOf(cycle), onCaught: cycle.caught })
  switch (soc.protocol) {
    case 'standard': {
      const parts = buildStandardParts(options)
      return async (line, track, cycle, signal) => {
        return runStandardSession({ line, track, parts, handshake: { ...waitingOf(cycle), mode }, fixLone55, onCaught: cycle.caught }, signal)
      }
    }
    case 'v500': {
      const parts = parseV500Image(image)
      return async (line, track, cycle, signal) => runV500Session(areas(line, track, cycle), parts, signal)
    }
    case 'cv6xx': {
      const parts = parseCv6xxImage(image)
      return async (line, track, cycle, signal) => {
        const { boardId: found } = await runCv6xxSession(areas(line, track, cycle), parts, { boardId }, signal)
        return { boardId: found }
      }
    }
  }
}

async function loadOnce(options: BootLoadOptions, session: Session, track: BootTrack, parent: AbortSignal): Promise<Omit<BootLoad, 'attempts' | 'elapsedMs'>> {
  const { transport, clock, power, soc } = options
  return withBootLine(transport, clock, parent, async (line) => {
    await dropStale(line, parent)
    if (power) track.enter('power_cycle', power.ability === 'manual' ? 'Waiting for the camera to be switched off and on' : `Power cycle by ${power.label}`)
    const cycle = startPowerCycle({ power, offMs: options.limits?.offMs ?? defaultOffMs, clock, onLateFailure: track.warn }, parent)
    try {
      const found = await session(line, track, cycle, cycle.signal)
      const stages: BootStage[] = [...(power ? ['power_cycle'] as const : []), ...track.completed, 'complete']
      track.enter('complete', 'The boot ROM has taken everything')
      return { protocol: soc.protocol, handshakeMarkers: 0, ...found, stages, warnings: track.warnings, received: line.kept() }
    } finally {
      await cycle.end()
    }
  })
}
