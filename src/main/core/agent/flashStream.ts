import { crc32 } from '../../../shared/bytes/crc32.ts'
import type { ErrorContext } from '../../../shared/errors/workbenchError.ts'
import { WorkbenchError } from '../../../shared/errors/workbenchError.ts'
import { type AgentInfo, packetLimits } from '../../protocols/agent/frame.ts'
import { parseFlashProgress } from '../../protocols/agent/parser.ts'
import { padBitmap, sectorBitmap } from '../../protocols/agent/writer.ts'
import { checkRange, expectOk, geometryOf, needs, refused, unexpected } from './agentAnswers.ts'
import { protectedHint } from './agentErase.ts'
import type { AgentLink, AgentTalk } from './agentLink.ts'
import { agentLimits } from './agentLimits.ts'
import { crcOfContent, proveContent } from './agentProof.ts'
import type { Progress } from './agentRead.ts'
import { sendContent } from './agentWrite.ts'
import { type FlashStreamState, stateWhileWriting, withFlashState } from './flashStreamState.ts'

export interface FlashStreamOptions {
  /** Written: counts bytes up to the whole image. */
  readonly onProgress?: Progress | undefined
  /** Told of every change, the last one before an error included. */
  readonly onState?: ((state: FlashStreamState) => void) | undefined
  /** How often it is begun, from the first sector that is in doubt on; once unless told. A lost packet makes the agent wait and then report an error. */
  readonly attempts?: number
  readonly onAgain?: ((why: WorkbenchError) => void) | undefined
}

/** Exists only for an image that the agent has read back with the right CRC. */
export interface StreamedImage {
  readonly writtenBytes: number
  readonly sectorCount: number
  /** Sectors with content; the others were only erased. */
  readonly sentSectors: number
  /** Erased behind the end of the image, up to the end of its last sector. */
  readonly erasedTailBytes: number
  /** Of the sectors as they stand in flash. */
  readonly crc32: number
}

/**
 * Erases and writes sector by sector while the content arrives, then proves every byte. Offset and sectors count from the beginning of the
 * flash. An error or a cancel says in its message what state it leaves.
 */
export async function streamToFlash(link: AgentLink, info: AgentInfo, offsetBytes: number, image: Uint8Array, options: FlashStreamOptions, signal: AbortSignal): Promise<StreamedImage> {
  needs(info, ['flash-stream', 'sector-bitmap'], 'write a whole image')
  const flash = geometryOf(info, true)
  const sectorCount = Math.ceil(image.length / flash.sectorBytes)
  checkRange(flash, offsetBytes, sectorCount * flash.sectorBytes, true)
  // The last sector is erased whole; with its end filled up the CRC covers that, too.
  const content = new Uint8Array(sectorCount * flash.sectorBytes).fill(0xff)
  content.set(image)
  const bitmap = sectorBitmap(content, flash.sectorBytes)
  if (bitmap.length > packetLimits.mostBitmapBytes) {
    throw new WorkbenchError('input/too-large', `${sectorCount} sectors are more than one stream can carry`, { context: { sectorCount, mostSectors: packetLimits.mostBitmapBytes * 8 } })
  }
  const filled = Array.from({ length: sectorCount }, (_, sector) => (((bitmap[sector >> 3] ?? 0) >> (sector & 7)) & 1) === 1)
  let state: FlashStreamState = { stage: 'untouched', sectorCount, reportedSectors: 0, untouchedFrom: 0 }
  const onState = (next: FlashStreamState): void => { state = next; options.onState?.(next) }
  const job: StreamJob = { content, filled, offsetBytes, sectorBytes: flash.sectorBytes, onState, onProgress: options.onProgress }
  try {
    for (let attempt = 1; ; attempt += 1) {
      const rest = restOf(job, state)
      try {
        await link.exchange(signal, async (talk) => runStream(talk, rest))
        break
      } catch (error) {
        if (!isWorthAnother(error, state, signal)) throw error
        if (attempt >= (options.attempts ?? 1)) throw attempt === 1 ? error : lineOrFlash(error, attempt)
        options.onAgain?.(error)
      }
    }
    onState({ stage: 'written', sectorCount, reportedSectors: sectorCount, untouchedFrom: sectorCount })
    // The agent does not check what it was told in the header, so nothing counts before this.
    await proveContent({
      link, address: flash.flashWindow + offsetBytes, lengthBytes: content.length, expected: crcOfContent(content), what: 'Writing flash', hint: protectedHint,
    }, signal)
  } catch (error) {
    throw withFlashState(error, state, signal)
  }
  onState({ stage: 'proved', sectorCount, reportedSectors: sectorCount, untouchedFrom: sectorCount })
  return {
    writtenBytes: image.length, sectorCount, sentSectors: filled.filter(Boolean).length, erasedTailBytes: content.length - image.length, crc32: crc32(content),
  }
}

/** The flash says no, or the line: while content is on its way they look alike. */
function isWorthAnother(error: unknown, state: FlashStreamState, signal: AbortSignal): error is WorkbenchError {
  if (signal.aborted || !(error instanceof WorkbenchError) || state.stage !== 'writing' || state.untouchedFrom === 0) return false
  return error.code === 'device/refused' || error.code === 'link/timeout' || error.code === 'link/garbled' || error.code === 'link/gap'
}

const lineOrFlash = (error: WorkbenchError, attempts: number): WorkbenchError => new WorkbenchError(error.code, `${error.message}; it was tried ${attempts} times`, {
  context: error.context, cause: error, hint: 'Either the line loses bytes (try a lower rate, a shorter cable or a wired pod), or the flash is at fault: scan it for bad sectors, and check that it is not write-protected',
})

/** What is left to do after an attempt that broke off. What it reports counts from the first sector of the whole image. */
function restOf(job: StreamJob, before: FlashStreamState): StreamJob {
  const first = before.reportedSectors
  if (before.stage === 'untouched') return job
  return {
    ...job, content: job.content.subarray(first * job.sectorBytes), filled: job.filled.slice(first), offsetBytes: job.offsetBytes + first * job.sectorBytes, firstSector: first,
    onState: ({ reportedSectors, untouchedFrom }) => {
      job.onState({ stage: 'writing', sectorCount: job.filled.length, reportedSectors: first + reportedSectors, untouchedFrom: Math.max(before.untouchedFrom, first + untouchedFrom) })
    },
    onProgress: (done) => { job.onProgress?.(first * job.sectorBytes + done, job.content.length) },
  }
}

interface StreamJob {
  readonly content: Uint8Array
  readonly filled: readonly boolean[]
  /** Of the whole image, where this is the rest of one. */
  readonly firstSector?: number
  readonly offsetBytes: number
  readonly sectorBytes: number
  readonly onState: (state: FlashStreamState) => void
  readonly onProgress: Progress | undefined
}

async function runStream(talk: AgentTalk, job: StreamJob): Promise<void> {
  const { content, filled, sectorBytes } = job
  const bitmap = padBitmap(sectorBitmap(content, sectorBytes))
  const sectorCount = filled.length
  // From here on the agent may erase the blank sectors at the beginning, whether its answer arrives or not.
  job.onState(stateWhileWriting(filled, 0, 0))
  await talk.send({ kind: 'flash-stream', flashAddress: job.offsetBytes, lengthBytes: content.length, crc32: crc32(content), bitmap })
  const ready = await talk.next(agentLimits.streamFirstMs, 'Answer to the stream command')
  if (ready.kind === 'ack' && ready.status !== 0) job.onState({ stage: 'untouched', sectorCount, reportedSectors: 0, untouchedFrom: 0 })
  expectOk(ready, 'Writing flash', { offsetBytes: job.offsetBytes, lengthBytes: content.length })
  for (let sector = 0; sector < sectorCount; sector += 1) {
    await oneSector(talk, job, sector)
    job.onState(stateWhileWriting(filled, sector + 1, sector + 1))
    job.onProgress?.((sector + 1) * sectorBytes, content.length)
  }
  expectOk(await talk.next(agentLimits.streamSectorMs, 'End of the stream command'), 'Writing flash', { doneSectors: sectorCount, sectorCount })
}

async function oneSector(talk: AgentTalk, job: StreamJob, sector: number): Promise<void> {
  const { filled, sectorBytes, firstSector = 0 } = job
  const what = `Writing sector ${firstSector + sector + 1} of ${firstSector + filled.length}`
  const content = job.content.subarray(sector * sectorBytes, (sector + 1) * sectorBytes)
  const answer = await talk.hear(async (heard) => {
    if (filled[sector] !== true) return
    // Counted as sent before it is: a write that is broken off may have left the computer whole.
    job.onState(stateWhileWriting(filled, sector, sector + 1))
    // An error may come at any packet, and what follows it would only be refused one by one.
    await sendContent(talk, content, sector * (sectorBytes / packetLimits.sentPayloadBytes), heard)
  }, agentLimits.streamSectorMs, what)
  const context: ErrorContext = { doneSectors: firstSector + sector, sectorCount: firstSector + filled.length }
  if (answer.kind === 'ack') {
    if (answer.status !== 0) throw refused(answer, what, context)
    throw new WorkbenchError('link/gap', `The flash agent reported the end after ${sector} of ${filled.length} sectors`, { context })
  }
  const progress = answer.kind === 'data' ? parseFlashProgress(answer.bytes) : undefined
  if (!progress) throw unexpected(answer, what, context)
  if (progress.done !== (sector + 1) % 0x10000 || progress.total !== filled.length % 0x10000) {
    throw new WorkbenchError('link/gap', `${what}: the flash agent reported sector ${progress.done} of ${progress.total}`, { context })
  }
}
