import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { type ConsoleSettings, consoleSettingsSchema } from '../../../shared/consoles/consoles.schema.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { createLane } from '../../../shared/lifecycle/lane.ts'

/** Replaced whole, by rename, so that a power cut leaves the old one or the new one. */
export interface ConsoleSettingsFile {
  read(): Promise<ConsoleSettings>
  /** One change after the other; two windows lose nothing of each other's. */
  change(how: (settings: ConsoleSettings) => ConsoleSettings): Promise<void>
}

export function createConsoleSettingsFile(path: string): ConsoleSettingsFile {
  const changes = createLane()
  const read = async (): Promise<ConsoleSettings> => {
    try {
      return consoleSettingsSchema.parse(JSON.parse(await readFile(path, 'utf8')))
    } catch (cause) {
      if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return { version: 1, typing: {} }
      throw new WorkbenchError('input/malformed', `${path} cannot be read`, { cause, hint: 'Mend it or move it away; the consoles then start with their usual settings' })
    }
  }
  const write = async (settings: ConsoleSettings): Promise<void> => {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      await writeFile(`${path}.new`, `${JSON.stringify(settings, undefined, 2)}\n`, { mode: 0o600, flush: true })
      await rename(`${path}.new`, path)
    } catch (cause) {
      throw new WorkbenchError('host/io', `${path} cannot be written`, { cause, hint: 'Is the disk full, or the folder read-only?' })
    }
  }
  return { read, change: async (how) => changes(new AbortController().signal, async () => { await write(consoleSettingsSchema.parse(how(await read()))) }) }
}
