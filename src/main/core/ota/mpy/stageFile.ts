import type { DevicePath } from '../../../../shared/devices/deviceFs.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { crc32 } from '../../../../shared/bytes/crc32.ts'
import { withDeadline } from '../../../../shared/lifecycle/clock.ts'
import { maxBoardFileBytes } from '../../../../shared/ota/mpyManifest.schema.ts'
import { deltaFaultOf } from '../../../protocols/delta/frame.ts'
import { applyDelta, type ReadAt, readBytesAt } from '../../../protocols/delta/parser.ts'
import { mpyPlaces, normalisePath } from '../../../protocols/otaManifest/paths.ts'
import { ensureFoldersAbove, hashOf, tmpOf } from '../deviceFiles.ts'
import type { HttpAnswer, MpyRun, MpyTarget, TargetFile } from './mpyTypes.ts'
import { rawUrl } from './resolveTarget.ts'
import { askWithRetries, readAll } from './sourceHttp.ts'

export interface StagedFile {
  readonly how: 'full' | 'delta' | 'kept' | 'unchanged'
  readonly sha256: string
  readonly fetchedBytes: number
}

export const stagePathOf = (path: DevicePath): DevicePath => `${mpyPlaces.stage}/${path}`
/** A slow link and a slow board; a file of a board is small. */
const fileLimitMs = 300_000
const tidyLimitMs = 10_000

interface Sums { readonly sha256: string; readonly bytes: number; readonly wrong: string | undefined }

/** Sums of what passes, and whether they are those that were promised: size, then SHA-256, then what git calls it, else CRC-32. */
function createSums(file: TargetFile, { newDigest }: Pick<MpyRun, 'newDigest'>): { readonly add: (piece: Uint8Array) => void; readonly end: () => Sums } {
  const sha256 = newDigest('sha256')
  const blob = file.blobSha1 === undefined || file.size === undefined ? undefined : newDigest(file.blobSha1.length === 64 ? 'sha256' : 'sha1')
  blob?.update(new TextEncoder().encode(`blob ${file.size ?? 0}\0`))
  let bytes = 0
  let crc = 0
  return {
    add: (piece) => { sha256.update(piece); blob?.update(piece); crc = crc32(piece, crc); bytes += piece.length },
    end: () => {
      const hex = sha256.hex()
      const blobHex = blob?.hex()
      const wrong = file.size !== undefined && bytes !== file.size ? `its size is ${bytes} and not ${file.size}`
        : file.sha256 !== undefined ? (hex === file.sha256 ? undefined : 'its SHA-256 is another')
          : file.blobSha1 !== undefined ? (blobHex === file.blobSha1 ? undefined : 'it is not what git has under that name')
            : file.crc32 !== undefined && crc !== file.crc32 ? 'its CRC-32 is another' : undefined
      return { sha256: hex, bytes, wrong }
    },
  }
}

async function sumsOf(file: TargetFile, path: DevicePath, run: MpyRun, signal: AbortSignal): Promise<Sums | undefined> {
  const stat = await run.fs.stat(path, signal)
  if (stat?.kind !== 'file' || file.size !== undefined && stat.size !== file.size) return undefined
  const sums = createSums(file, run)
  for await (const piece of run.fs.read(path, signal)) sums.add(piece)
  return sums.end()
}

const hasPromise = (file: TargetFile): boolean => file.sha256 !== undefined || file.blobSha1 !== undefined || file.crc32 !== undefined

/** Puts the new content beside the old one and proves it there. What is right already, on the board or in the stage, is not fetched again. */
export async function stageFile(file: TargetFile, target: MpyTarget, run: MpyRun, signal: AbortSignal): Promise<StagedFile> {
  const staged = stagePathOf(file.path)
  if (hasPromise(file)) {
    const there = await sumsOf(file, file.path, run, signal)
    if (there && there.wrong === undefined) return { how: 'unchanged', sha256: there.sha256, fetchedBytes: 0 }
    const before = await sumsOf(file, staged, run, signal)
    if (before && before.wrong === undefined) return { how: 'kept', sha256: before.sha256, fetchedBytes: 0 }
  }
  await ensureFoldersAbove(run.fs, staged, signal)
  const byDelta = await tryDelta(file, target, run, signal)
  if (byDelta) return byDelta
  const url = rawUrl(run, target.filesRef, file.path)
  const sums = await askWithRetries(run, 'GET', url, 'application/octet-stream', signal, async (answer, until) =>
    writeStaged(file, checkedBody(file, answer), run, until), fileLimitMs)
  return { how: 'full', sha256: sums.sha256, fetchedBytes: sums.bytes }
}

/** Ends where more comes than was promised, so that no server can fill a board. */
async function* checkedBody(file: TargetFile, answer: HttpAnswer): AsyncGenerator<Uint8Array, void> {
  const limit = file.size ?? maxBoardFileBytes
  if (!hasPromise(file) && answer.contentType.startsWith('text/html') && !/\.html?$/.test(file.path)) throw wrongContent(file, 'the server answers with a page of HTML')
  if (answer.lengthBytes !== undefined && answer.lengthBytes > limit) throw wrongContent(file, `the server announces ${answer.lengthBytes} bytes instead of ${limit}`)
  let bytes = 0
  for await (const piece of answer.body) {
    bytes += piece.length
    if (bytes > limit) throw wrongContent(file, `more than ${limit} bytes come`)
    yield piece
  }
  if (answer.lengthBytes !== undefined && bytes !== answer.lengthBytes) throw new WorkbenchError('link/closed', `The server announced ${answer.lengthBytes} bytes of ${file.path} and sent ${bytes}`)
}

const wrongContent = (file: TargetFile, why: string): WorkbenchError => new WorkbenchError('device/wrong-content', `${file.path} was not accepted: ${why}`, {
  context: { path: file.path, reason: 'CONTENT_MISMATCH' }, hint: 'Nothing was changed on the board. Does the server have the files of just this version?',
})

/** Written, made durable, and read back from the device; only then it gets its name. What failed is taken away. */
async function writeStaged(file: TargetFile, content: AsyncIterable<Uint8Array>, run: MpyRun, signal: AbortSignal): Promise<Sums> {
  const { fs } = run
  const staged = stagePathOf(file.path)
  const tmp = tmpOf(staged)
  const sums = createSums(file, run)
  const summed = (async function* (): AsyncGenerator<Uint8Array, void> { for await (const piece of content) { sums.add(piece); yield piece } })()
  try {
    await fs.write(tmp, summed, signal)
    const sent = sums.end()
    if (sent.wrong !== undefined) throw wrongContent(file, sent.wrong)
    await fs.sync(tmp, signal)
    const stands = await hashOf(fs, tmp, run.newDigest, signal)
    if (stands !== sent.sha256) throw new WorkbenchError('device/wrong-content', `${file.path} does not read back as it was sent`, { context: { path: file.path }, hint: 'Suspect the line to the board, or its flash' })
    if (!fs.abilities.replaces && await fs.stat(staged, signal)) await fs.remove(staged, signal)
    await fs.rename(tmp, staged, signal)
    return sent
  } catch (error) {
    // The caller's signal is often the reason, and half a file must not stay. What cannot be taken away goes with the stage.
    await withDeadline(run.clock, tidyLimitMs, `Remove ${tmp}`, new AbortController().signal, async (until) => fs.remove(tmp, until)).catch(() => undefined)
    throw error
  }
}

/** Whatever is wrong with a delta, the whole file is there as well. */
async function tryDelta(file: TargetFile, target: MpyTarget, run: MpyRun, signal: AbortSignal): Promise<StagedFile | undefined> {
  const delta = target.deltas.get(file.path)
  if (!delta || file.sha256 !== undefined && file.sha256 !== delta.newSha256) return undefined
  try {
    if (await hashOf(run.fs, file.path, run.newDigest, signal) !== delta.oldSha256) return undefined
    const where = rawUrl(run, target.filesRef, normalisePath(delta.file))
    const bytes = await askWithRetries(run, 'GET', where, 'application/octet-stream', signal, async (answer) =>
      readAll(answer, delta.sizeBytes, (found) => wrongContent(file, `its delta has ${found} bytes and not ${delta.sizeBytes}`)), fileLimitMs)
    const content = applyDelta({ delta: readBytesAt(bytes), older: readDeviceAt(run, file.path, signal), sha256: delta.newSha256, sizeBytes: file.size ?? maxBoardFileBytes, newDigest: run.newDigest, signal })
    const { sha256 } = await writeStaged(file, content, run, signal)
    return { how: 'delta', sha256, fetchedBytes: bytes.length }
  } catch (error) {
    signal.throwIfAborted()
    // A full or silent board would not take the whole file either.
    if (!(error instanceof WorkbenchError) || error.code === 'device/no-space') throw error
    run.tell({ type: 'delta-failed', path: file.path, why: deltaFaultOf(error) ?? error.message })
    return undefined
  }
}

/** One piece at a time; the copies of a delta go mostly forwards, and opening a file costs a board more than reading on. */
function readDeviceAt({ fs }: MpyRun, path: DevicePath, signal: AbortSignal): ReadAt {
  let held: { readonly from: number; readonly bytes: Uint8Array } | undefined
  return {
    read: async (offset, length) => {
      if (!held || offset < held.from || offset >= held.from + held.bytes.length) {
        held = undefined
        for await (const piece of fs.read(path, signal, offset)) { held = { from: offset, bytes: piece }; break }
      }
      return held ? held.bytes.subarray(offset - held.from, offset - held.from + length) : new Uint8Array(0)
    },
  }
}
