import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { mpyHealthSchema } from '../../../../shared/ota/mpyBoard.schema.ts'
import { type MpyVersion, mpyVersionSchema } from '../../../../shared/ota/mpyManifest.schema.ts'
import { mpyPlaces } from '../../../protocols/otaManifest/paths.ts'
import { readText, replaceText } from '../deviceFiles.ts'
import type { MpyDeps } from './mpyTypes.ts'

const noteLimitBytes = 64 * 1024
const keptUpdates = 100

/** `undefined` when the board does not say, or says it in a way that nobody understands: then every version is a new one. */
export async function readVersion({ fs }: Pick<MpyDeps, 'fs'>, signal: AbortSignal): Promise<MpyVersion | undefined> {
  const text = await readText(fs, mpyPlaces.version, noteLimitBytes, signal)
  return text === undefined ? undefined : parsed(text, mpyVersionSchema)
}

export const versionText = ({ ref, commit }: MpyVersion): string => JSON.stringify({ ref, commit })

/** When the board crashed, and when it was updated, as was noted on it; in seconds. */
export async function readHealth({ fs }: Pick<MpyDeps, 'fs'>, signal: AbortSignal): Promise<{ readonly crashedAtSec: number[]; readonly updatedAtSec: number[] }> {
  const text = await readText(fs, mpyPlaces.health, noteLimitBytes, signal).catch((error: unknown) => {
    // Notes beyond all measure tell nothing, and must not keep a board from being mended.
    if (error instanceof WorkbenchError && error.code === 'device/wrong-content') return undefined
    throw error
  })
  const health = text === undefined ? undefined : parsed(text, mpyHealthSchema)
  const timesOf = (entries: readonly unknown[]): number[] => entries.flatMap((entry) => (typeof entry === 'object' && entry !== null && 'timestamp' in entry && typeof entry.timestamp === 'number' ? [entry.timestamp] : []))
  return { crashedAtSec: timesOf(health?.crashes ?? []), updatedAtSec: timesOf((health?.updates ?? []).filter((entry) => typeof entry === 'object' && entry !== null && 'success' in entry && entry.success === true)) }
}

/** Best effort: a note that cannot be written must not spoil an update that is done, nor hide why one failed. */
export async function noteOutcome(deps: MpyDeps, outcome: { readonly version: string; readonly error?: string }, signal: AbortSignal): Promise<void> {
  try {
    if (outcome.error !== undefined) await replaceText(deps.fs, mpyPlaces.errors, JSON.stringify({ errors: [outcome.error] }), signal)
    const text = await readText(deps.fs, mpyPlaces.health, noteLimitBytes, signal)
    const health = (text === undefined ? undefined : parsed(text, mpyHealthSchema)) ?? mpyHealthSchema.parse({})
    const entry = { timestamp: Math.floor(deps.clock.wallMs() / 1000), version: outcome.version, success: outcome.error === undefined, ...(outcome.error === undefined ? {} : { error: outcome.error }) }
    await replaceText(deps.fs, mpyPlaces.health, JSON.stringify({ ...health, updates: [...health.updates, entry].slice(-keptUpdates) }), signal)
  } catch (error) {
    if (!(error instanceof WorkbenchError) && !signal.aborted) throw error
  }
}

/** Best effort as well: of something that went wrong beside an update that is done. */
export async function noteError(deps: MpyDeps, words: string, signal: AbortSignal): Promise<void> {
  await replaceText(deps.fs, mpyPlaces.errors, JSON.stringify({ errors: [words.slice(0, 400)] }), signal).catch((error: unknown) => { if (!(error instanceof WorkbenchError) && !signal.aborted) throw error })
}

function parsed<T>(text: string, schema: { safeParse(value: unknown): { success: true; data: T } | { success: false } }): T | undefined {
  try {
    const result = schema.safeParse(JSON.parse(text))
    return result.success ? result.data : undefined
  } catch {
    return undefined
  }
}
