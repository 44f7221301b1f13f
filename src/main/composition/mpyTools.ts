import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { recoverBoard, updateBoard } from '../core/ota/mpy/updateBoard.ts'
import type { MpyDeps, MpyEvent, MpyOutcome } from '../core/ota/mpy/mpyTypes.ts'
import { openRawReplFs, type RawReplFs } from '../drivers/deviceFs/rawReplFs.ts'
import { hmacSha256Hex, newDigest } from '../drivers/host/digest.ts'
import { newToken } from '../drivers/host/randomness.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { createOtaFetch } from '../drivers/http/otaFetch.ts'
import { Cancelled, WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { withDeadline } from '../../shared/lifecycle/clock.ts'
import { type MpyConfig, mpyConfigSchema } from '../../shared/ota/mpyConfig.schema.ts'
import type { RecoveryReport } from '../../shared/ota/transaction.schema.ts'
import { withLineLease } from './lineLease.ts'
import { devicesOf } from './podDevices.ts'

export interface BoardWish {
  readonly url: string
  readonly dataFolder: string
  readonly tell: (event: MpyEvent) => void
}
export interface MpyUpdateWish extends BoardWish {
  /** `http://…` of a server of the shape of GitHub, `github:OWNER/REPO`, or a folder of versions. */
  readonly source: string
  /** As a board's `ota_config.json` has it; owner, repository and addresses come from the source where it names them. */
  readonly config: Readonly<Record<string, unknown>>
  /** Files that go beside those that the release deletes. */
  readonly leaves?: readonly string[]
}

/** Updates one board over its console; nobody else has the line meanwhile. */
export async function updateMpyBoard(wish: MpyUpdateWish, signal: AbortSignal): Promise<MpyOutcome> {
  return withSource(wish.source, signal, async (source) => {
    const config = configOf({ ...source, ...wish.config })
    return withBoard(wish, 'rackbench mpy update', signal, async (fs, deps) => {
      const outcome = await updateBoard({ ...deps, config, leaves: wish.leaves ?? [] }, signal)
      if (outcome.end !== 'updated' || config.reset_mode === 'none') return outcome
      const problem = await whyNotRestarted(fs, config.reset_mode, signal)
      if (problem === undefined) return outcome
      wish.tell({ type: 'note', words: problem })
      return { ...outcome, notRestarted: problem }
    })
  })
}

/** The version was read back before, so this is told and makes no failure of the update; some builds of MicroPython have no reset. */
async function whyNotRestarted(fs: RawReplFs, mode: 'soft' | 'hard', signal: AbortSignal): Promise<string | undefined> {
  try {
    await fs.reset(mode, signal)
    return undefined
  } catch (error) {
    if (!(error instanceof WorkbenchError)) throw error
    return `The board has the new version and runs it after its next start; it could not be started anew: ${error.message}`
  }
}

/** After an interruption: all old or all new. */
export async function recoverMpyBoard(wish: BoardWish, signal: AbortSignal): Promise<RecoveryReport> {
  return withBoard(wish, 'rackbench mpy recover', signal, async (_fs, deps) => recoverBoard(deps, { keepStage: false }, signal))
}

function configOf(given: Readonly<Record<string, unknown>>): MpyConfig {
  const parsed = mpyConfigSchema.safeParse(given)
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new WorkbenchError('input/malformed', `The configuration of the board cannot be used: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? ''}`)
}

async function withSource<T>(source: string, signal: AbortSignal, work: (source: Readonly<Record<string, string>>) => Promise<T>): Promise<T> {
  const github = /^github:([\w.-]+)\/([\w.-]+)$/.exec(source)
  if (github) return work({ owner: github[1] ?? '', repo: github[2] ?? '' })
  // A server in the lab has one repository, and does not ask what it is called.
  if (/^https?:\/\//.test(source)) return work({ owner: 'rackbench', repo: 'boards', api_base: source, raw_base: `${source.replace(/\/$/, '')}/raw` })
  const held = await readdir(source, { withFileTypes: true }).catch(() => [])
  if (!held.some((entry) => entry.isDirectory() || entry.name === 'manifest.json')) throw new WorkbenchError('input/not-found', `${source} is no folder of versions`, { hint: 'A folder with a folder for each version, or with one manifest.json' })
  const closing = new AbortController()
  const { openGithubMirror } = await import('../drivers/http/githubMirror.ts')
  const mirror = await openGithubMirror({ folder: source, port: 0 }, closing.signal)
  try {
    signal.throwIfAborted()
    return await work({ owner: 'rackbench', repo: 'boards', api_base: mirror.url, raw_base: `${mirror.url}/raw` })
  } finally {
    closing.abort(new Cancelled('the update is over'))
    await mirror.close()
  }
}

/** The files of a board, as long as the work takes; nobody else has its line meanwhile. */
export async function withBoard<T>({ url, dataFolder, tell }: BoardWish, holder: string, signal: AbortSignal, work: (fs: RawReplFs, deps: MpyDeps) => Promise<T>): Promise<T> {
  return withLineLease({ url, dataFolder, holder }, signal, async () => {
    const clock = createSystemClock()
    const devices = devicesOf(url, undefined, { clock, ask: async () => undefined, environment: {}, secretOf: async () => undefined })
    const transport = await devices.openConsole(signal)
    try {
      const fs = await openRawReplFs({ transport, clock, token: newToken() }, signal)
      try {
        return await work(fs, { fs, http: createOtaFetch(), clock, newDigest, hmacSha256Hex, newId: randomUUID, tell, runModule: fs.runModule, readResources: fs.readResources })
      } finally {
        // A board that does not hear any more is left as it is.
        await withDeadline(clock, 2_000, 'Leave the raw REPL', new AbortController().signal, async (until) => fs.leave(until)).catch(() => undefined)
      }
    } finally {
      await transport.close()
    }
  })
}
