import type { Clock } from '../../../shared/lifecycle/clock.ts'
import { runCv6xxRom, runV500Rom } from './areaRoms.ts'
import type { RomOptions, RomUpload } from './romOptions.ts'
import { createRomPort, type RomPort } from './romPort.ts'
import { type RomEnd, runStandardRom } from './standardRom.ts'

/** The boot ROM of one chip, from each power-on to the end of its upload. */
export interface SimBootRom {
  /** Runs once for each power-on, until the signal cuts the power. */
  run(signal: AbortSignal, isBlank: () => boolean): Promise<RomEnd>
  /** From the UART, in the time that the UART takes. Nothing listens while it does not run. */
  receive(bytes: Uint8Array): void
  readonly isRunning: boolean
  /** Whole images that arrived since the last power-on. */
  readonly uploads: readonly RomUpload[]
  readonly starts: number
}

export interface SimBootRomOptions extends RomOptions {
  readonly clock: Clock
  readonly byteMs: number
  readonly onOutput: (bytes: Uint8Array) => void
}

const programs = { standard: runStandardRom, v500: runV500Rom, cv6xx: runCv6xxRom } as const

export function createSimBootRom({ clock, byteMs, onOutput, family, layout, quirks = {} }: SimBootRomOptions): SimBootRom {
  let port: RomPort | undefined
  let uploads: RomUpload[] = []
  let starts = 0
  return {
    run: async (signal, isBlank) => {
      starts += 1
      uploads = []
      if (starts <= (quirks.missedStarts ?? 0)) return 'from-flash'
      const own = createRomPort({ clock, byteMs, onOutput, signal })
      port = own
      try {
        if (quirks.silent === true) await own.hang()
        return await programs[family]({ port: own, layout, quirks, start: starts, isBlank, onUpload: (upload) => { uploads.push(upload) } })
      } finally {
        if (port === own) port = undefined
      }
    },
    receive: (bytes) => { port?.receive(bytes) },
    get isRunning() { return port !== undefined },
    get uploads() { return uploads },
    get starts() { return starts },
  }
}
