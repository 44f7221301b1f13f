import { readFileSync } from 'node:fs'
import { type CaptureSettings, captureSettingsSchema } from '../../../../shared/captures/captures.schema.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { createWholeFile, type WholeFile } from '../wholeFile.ts'

/** What is in the file, and the defaults for the rest; no file is all defaults. A wrong quota deletes captures, so a damaged file is no file to guess about. */
export function loadCaptureSettings(path: string): CaptureSettings {
  let text = '{}'
  try {
    text = readFileSync(path, 'utf8')
  } catch (cause) {
    if (!(cause instanceof Error && 'code' in cause && cause.code === 'ENOENT')) throw new WorkbenchError('host/io', `${path} cannot be read`, { cause })
  }
  try {
    return captureSettingsSchema.parse(JSON.parse(text))
  } catch (cause) {
    throw new WorkbenchError('input/malformed', `${path} has no usable settings for captures`, { cause, hint: 'Mend it, or move it away for the defaults' })
  }
}

/** For changes while the program runs; two programs lose nothing of each other's. */
export const createCaptureSettingsFile = (path: string): WholeFile<CaptureSettings> =>
  createWholeFile<CaptureSettings>({ path, schema: captureSettingsSchema, first: captureSettingsSchema.parse({}), hint: 'Mend it, or move it away for the defaults' })
