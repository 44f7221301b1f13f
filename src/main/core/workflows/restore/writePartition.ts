import { type ImageBytes, readBytes } from '../../../../shared/bytes/storedBytes.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { parseFlashDone } from '../../../protocols/uboot/answers.ts'
import type { Camera, PartitionTrack } from './bench.ts'
import { firstWrongPage, flashCrc, ramCrc } from './flashProof.ts'
import { eraseBlockBytes, hexText } from './layout.ts'

/** What differs between kinds of flash; the rules of proof are the same for all. */
export interface FlashSteps {
  /** Before the image in RAM is checked for the last time. Refuses what would not fit; changes no flash. */
  readonly prepare?: (job: WriteJob, signal: AbortSignal) => Promise<void>
  /** Erases and writes, and says so by `track.move`. Rejects unless U-Boot confirmed both. */
  readonly put: (job: WriteJob, attempt: number, signal: AbortSignal) => Promise<void>
  /** CRC over what the flash holds, read into the proof buffer. */
  readonly found: (job: WriteJob, signal: AbortSignal) => Promise<string>
}

export interface WriteJob {
  /** Absent: NOR. */
  readonly steps?: FlashSteps
  readonly camera: Camera
  readonly track: PartitionTrack
  readonly image: ImageBytes
  /** Where its bytes lie in the camera's RAM. */
  readonly ramAddress: number
  readonly proofAddress: number
  readonly newPoison: () => number
  readonly progress: (step: string, doneBytes: number, totalBytes: number) => void
  readonly note: (message: string) => void
}

/** Block erase of a worn chip takes up to 2 s, a worn page up to 5 ms. */
export const writeLimitMs = (eraseBytes: number): number => 2 * (60_000 + (eraseBytes / eraseBlockBytes) * 3_500)

/** Wrong content is written once more: twice wrong is a chip and no accident. */
const rewrites = 1
/** A garbled confirmation or a lost line says nothing about the chip. */
const repeats = 2

/**
 * Erases, writes, reads back and compares; one rewrite, then the failure with its evidence. Returns only when the CRC that the camera
 * computed over its flash is the image's.
 */
export async function writePartition(job: WriteJob, signal: AbortSignal): Promise<void> {
  const { track, note } = job
  const { name, crc32 } = track.planned
  const seen = { wrong: 0, broken: 0 }
  for (let attempt = 1; ; attempt += 1) {
    const outcome = await writeOnce(job, attempt, signal)
    if (outcome.kind === 'proved') {
      track.move('proved', { readBackCrc32: outcome.crc32, action: 'written' })
      return
    }
    seen[outcome.kind] += 1
    if (seen.wrong > rewrites) throw await wrongContent(job, outcome.kind === 'wrong' ? outcome.crc32 : '', signal)
    if (outcome.kind === 'broken' && (seen.broken > repeats || !mayGoOn(outcome.error))) throw await brokenOff(job, outcome.error, signal)
    note(outcome.kind === 'wrong'
      ? `${name} reads back as ${outcome.crc32} instead of ${crc32}; writing it once more`
      : `${name}: ${outcome.error.message}; trying once more`)
    if (outcome.kind === 'broken') await job.camera.reconnect(signal)
  }
}

/** After a restart the image is gone from RAM; the job has to begin again. */
const mayGoOn = (error: WorkbenchError): boolean => error.context['restarted'] !== true

type Outcome =
  | { readonly kind: 'proved'; readonly crc32: string }
  | { readonly kind: 'wrong'; readonly crc32: string }
  /** The line or U-Boot failed in the middle: nobody knows what the flash holds now. */
  | { readonly kind: 'broken'; readonly error: WorkbenchError }

async function writeOnce(job: WriteJob, attempt: number, signal: AbortSignal): Promise<Outcome> {
  const { camera, track, ramAddress, steps = norSteps } = job
  const { lengthBytes, crc32 } = track.planned
  await steps.prepare?.(job, signal)
  // The image must be whole in RAM at the very moment before the erase; a fetch that was right a minute ago does not count.
  const inRam = await ramCrc(camera.session, ramAddress, lengthBytes, signal)
  if (inRam !== crc32) {
    throw new WorkbenchError('device/wrong-content', `The image of ${track.planned.name} is damaged in the camera's RAM: ${inRam} instead of ${crc32}; nothing was erased${attempt > 1 ? ' again' : ''}`, {
      context: { partition: track.planned.name, expected: crc32, found: inRam }, hint: 'Repeat the restore; if it happens again the RAM or its set-up is at fault',
    })
  }
  try {
    await steps.put(job, attempt, signal)
    track.move('reading-back')
    const found = await steps.found(job, signal)
    if (found === crc32) return { kind: 'proved', crc32: found }
    track.move('mismatch', { readBackCrc32: found })
    return { kind: 'wrong', crc32: found }
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof WorkbenchError)) throw error
    track.move('unknown')
    return { kind: 'broken', error }
  }
}

const norSteps: FlashSteps = {
  put: async (job, attempt, signal) => {
    const { track, ramAddress } = job
    const { offsetBytes, lengthBytes, eraseBytes } = track.planned
    track.move('erasing', { writes: attempt })
    await flashCommand(job, `sf erase ${hexText(offsetBytes)} ${hexText(eraseBytes)}`, 'Erased', { offsetBytes, lengthBytes: eraseBytes }, signal)
    track.move('writing')
    await flashCommand(job, `sf write ${hexText(ramAddress)} ${hexText(offsetBytes)} ${hexText(lengthBytes)}`, 'Written', { offsetBytes, lengthBytes }, signal)
  },
  found: async ({ camera, track, proofAddress, newPoison }, signal) => flashCrc(camera.session, track.planned, proofAddress, newPoison, signal),
}

async function flashCommand(
  job: WriteJob, command: string, verb: 'Erased' | 'Written', expected: { readonly offsetBytes: number; readonly lengthBytes: number }, signal: AbortSignal,
): Promise<void> {
  // With an empty length U-Boot takes the rest of the chip; no such line ever leaves this function.
  if (!(expected.lengthBytes > 0)) throw new WorkbenchError('internal/bug', `Refused to send "${command}" without a length`)
  const step = verb === 'Erased' ? 'erasing' : 'writing'
  const onOutput = (text: string): void => {
    const percent = /(\d{1,3})% complete[^%]*$/.exec(text)?.[1]
    if (percent !== undefined) job.progress(step, Math.round((Math.min(100, Number(percent)) / 100) * expected.lengthBytes), expected.lengthBytes)
  }
  const output = await job.camera.session.run(command, { limitMs: writeLimitMs(expected.lengthBytes) / 2, destructive: true, onOutput }, signal)
  const done = parseFlashDone(output, verb)
  if (done?.lengthBytes === expected.lengthBytes && done.offsetBytes === expected.offsetBytes) return
  throw new WorkbenchError('link/garbled', `"${command}" was not confirmed`, { context: { command, output: output.slice(0, 300) } })
}

async function brokenOff(job: WriteJob, error: WorkbenchError, signal: AbortSignal): Promise<WorkbenchError> {
  const { track, steps = norSteps } = job
  const { name, crc32 } = track.planned
  if (mayGoOn(error)) {
    // U-Boot may still be there, and then it can tell what the flash holds now: a known failure is worth more than an unknown one.
    const found = await steps.found(job, signal).catch(() => undefined)
    if (found !== undefined && found !== crc32) track.move('mismatch', { readBackCrc32: found })
  }
  return new WorkbenchError(error.code, `${name} was being written when it failed: ${error.message}`, {
    context: { partition: name, ...error.context }, hint: error.hint ?? 'Restore again; what is right already is skipped', cause: error,
  })
}

async function wrongContent(job: WriteJob, readBack: string, signal: AbortSignal): Promise<WorkbenchError> {
  const { name, offsetBytes, crc32 } = job.track.planned
  const wrongAt = await firstWrongPage(job.camera.session, await readBytes(job.image, signal), job.proofAddress, signal).catch(() => undefined)
  const where = wrongAt === undefined ? '' : `; the first wrong page is at ${hexText(offsetBytes + wrongAt)}`
  return new WorkbenchError('device/wrong-content', `${name} does not hold what was written: read back ${readBack}, expected ${crc32}${where}`, {
    context: { partition: name, expected: crc32, readBack, ...(wrongAt === undefined ? {} : { firstWrongOffset: offsetBytes + wrongAt }) },
    hint: 'Written twice and wrong twice: the flash chip, its supply or its driver is at fault',
  })
}
