import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { readVersion } from '../core/ota/mpy/boardNotes.ts'
import type { MpyEvent } from '../core/ota/mpy/mpyTypes.ts'
import { recoverBoard } from '../core/ota/mpy/updateBoard.ts'
import type { ToldVersion, UpdateVoice } from '../core/workflows/update/updateWorkflow.ts'
import { readReleaseFile } from '../drivers/files/releaseFolder.ts'
import { hashHex } from '../drivers/host/randomness.ts'
import { hmacSha256Hex } from '../drivers/host/digest.ts'
import { parseTransportUrl } from '../drivers/transports/transportUrl.ts'
import { readManifest } from '../protocols/otaManifest/readManifest.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { TransactionEvent } from '../../shared/ota/transaction.schema.ts'
import { releaseVersionSchema, type UpdateDevice, type UpdatePlan, type UpdateRelease } from '../../shared/ota/deviceUpdate.schema.ts'
import { updateMpyBoard, withBoard } from './mpyTools.ts'
import { phase, releaseFolder, type UpdateWay } from './updateWay.ts'

const transferLimitMs = 60 * 60 * 1000
const mostVersions = 100
const rules = { allow: [], ignore: [], hmacSha256Hex }

/** MicroPython boards over their console; versions are folders with a manifest. */
export function createBoardWay({ dataFolder }: { readonly dataFolder: string }): UpdateWay {
  const read: UpdateWay['read'] = async (device, signal) =>
    withBoard({ url: device.address, dataFolder, tell: () => undefined }, `reading the version of ${device.name}`, signal, async (fs, deps) => {
      // First: its version is written last, so after an interruption it says nothing about its files.
      const { end } = await recoverBoard(deps, { keepStage: true }, signal)
      return { ...toldBy(await readVersion({ fs }, signal)), ...(end === 'nothing' ? {} : { recovered: `An earlier update had been interrupted; the board has its ${end} files` }) }
    })
  return {
    check: ({ address }) => { parseTransportUrl(address) },
    read,
    releases: async (device) => versionsIn(await releaseFolder(device)),
    plan: async (device, { version }, told) => {
      const phases = [phase('ask', 'Ask the board, and recover it', 2_000), phase('transfer', 'Transfer and switch', 20_000), phase('read-back', 'Read the version back', 2_000, 'at-end')]
      const folder = await releaseFolder(device)
      const release = (await versionsIn(folder)).find((each) => each.version === version && each.problem === undefined)
      if (!release) return { units: [], files: 0, deletes: [], warnings: [], phases, refusals: [new WorkbenchError('input/not-found', `There is no version ${version} on channel ${device.channel}`, { hint: 'To go back to a version, its folder has to be there' })] }
      const next = await manifestIn(join(folder, release.file))
      const now = told.version === undefined ? undefined : await manifestIn(join(folder, told.version)).catch(() => undefined)
      const paths = new Set(next.files.map(({ path }) => path))
      return {
        release, sha256: next.sha256, units: [], files: next.files.length, phases, refusals: [],
        // Files that only the version on it brought would make it neither the one nor the other.
        deletes: [...new Set([...next.deletes, ...(now?.files ?? []).map(({ path }) => path).filter((path) => !paths.has(path))])].sort(),
        warnings: now || told.version === undefined ? [] : [`The folder of ${told.version} is not there, so files that only that version has stay on the board`],
      }
    },
    bench: (device, plan) => ({
      ask: async (voice, signal) => {
        const told = await read(device, signal)
        if (told.recovered === undefined) voice.note('Nothing had been under way on the board')
        return told
      },
      read: async (signal) => read(device, signal),
      steps: [{ name: 'transfer', cancel: 'anytime', writing: true, limitMs: transferLimitMs, work: async (voice, signal) => transfer(device, plan, dataFolder, voice, signal) }],
    }),
  }
}

const toldBy = (version: Awaited<ReturnType<typeof readVersion>>): ToldVersion =>
  (version === undefined ? {} : { version: (version.ref === '' ? `#${version.commit.slice(0, 7)}` : version.ref).slice(0, 100) })

async function transfer(device: UpdateDevice, plan: UpdatePlan, dataFolder: string, voice: UpdateVoice, signal: AbortSignal): Promise<void> {
  const folder = join(await releaseFolder(device), plan.release?.file ?? '')
  if ((await manifestIn(folder)).sha256 !== plan.sha256) throw new WorkbenchError('input/conflict', 'The manifest has changed since this plan was made', { hint: 'Make the plan again and look at it' })
  let staged = 0
  const outcome = await updateMpyBoard({
    url: device.address, dataFolder, source: folder, config: { reset_mode: 'soft' }, leaves: plan.deletes,
    tell: (event) => {
      sayEvent(event, voice)
      if (event.type === 'staged') voice.progress(`${event.path} (${event.how})`, staged += 1, plan.files)
    },
  }, signal)
  if (outcome.end === 'not-now') throw new WorkbenchError('device/refused', outcome.reason ?? 'The board is not to be updated now')
  voice.note(`${String(outcome.filesChanged)} files changed, ${String(outcome.fetchedBytes)} bytes sent, each read back`)
}

/** The journal of the transaction, as a person reads it. */
function sayEvent(event: MpyEvent, { note }: UpdateVoice): void {
  if (event.type === 'note') note(event.words)
  if (event.type === 'recovered' && event.report.end === 'incomplete') note(`${String(event.report.problems.length)} files could not be brought back`, 'warning')
  if (event.type === 'delta-failed') note(`${event.path}: the delta does not fit (${event.why}); the whole file is sent`, 'warning')
  if (event.type === 'transaction') note(transactionWords(event.event))
}

function transactionWords(event: TransactionEvent): string {
  switch (event.type) {
    case 'applied': return `${String(event.number)}: ${event.op} ${event.target}`
    case 'proved': return `${String(event.files)} files read back`
    case 'state-written': return `${event.target} names the new version`
    case 'committed': return 'The new version counts from here on'
    case 'undoing': return `Going back to the old files: ${event.why}`
    case 'undone': return `${String(event.number)}: ${event.op} ${event.target} undone`
    case 'not-undone': return `${event.target} could not be brought back: ${event.why}`
    case 'planned': return `The journal is on the board: ${String(event.ops)} operations`
  }
}

async function manifestIn(folder: string): Promise<{ readonly version: string; readonly files: readonly { readonly path: string; readonly size: number | undefined }[]; readonly deletes: readonly string[]; readonly sha256: string }> {
  const bytes = await readReleaseFile(folder, 'manifest.json')
  if (!bytes) throw new WorkbenchError('input/not-found', 'It has no manifest.json', { hint: 'rackbench release manifest makes one' })
  const { manifest, files, deletes } = readManifest(bytes, rules)
  return { version: manifest.version ?? '', files: files.map(({ path, size }) => ({ path, size })), deletes, sha256: hashHex('sha256', bytes) }
}

/** A folder is called like the version in it, so that a person sees what the board will report. */
async function versionsIn(folder: string): Promise<UpdateRelease[]> {
  const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isDirectory() && releaseVersionSchema.safeParse(entry.name).success && !entry.name.startsWith('.')).map(({ name }) => name)
  const found: UpdateRelease[] = []
  for (const file of names.sort((a, b) => b.localeCompare(a, 'en', { numeric: true })).slice(0, mostVersions)) {
    try {
      const { version, files } = await manifestIn(join(folder, file))
      if (version !== file) throw new WorkbenchError('input/malformed', `Its manifest calls it ${version === '' ? 'nothing' : version.slice(0, 64)}`)
      found.push({ version, file, sizeBytes: files.reduce((sum, { size }) => sum + (size ?? 0), 0) })
    } catch (error) {
      const sizeBytes = await stat(join(folder, file)).then(() => 0)
      found.push({ version: file, file, sizeBytes, problem: error instanceof WorkbenchError ? error.message : 'It cannot be read' })
    }
  }
  return found
}
