import { hexCrc } from '../../../../shared/bytes/crc32.ts'
import { WorkbenchError } from '../../../../shared/errors/workbenchError.ts'
import { joinBytes } from '../../../../shared/lifecycle/byteQueue.ts'
import type { PlannedPartition } from '../../../../shared/restore/restore.schema.ts'
import { checkRange, type FlashGeometry, geometryOf } from '../../agent/agentAnswers.ts'
import { runPhase } from '../phase.ts'
import { type PartitionTrack, type RestoreContext, trackPartition } from '../restore/bench.ts'
import type { RunningAgent } from './startAgent.ts'

/** Erasing and writing at the slowest rate of the line and of the chip, with room. */
const changeLimitMs = (lengthBytes: number): number => 300_000 + lengthBytes / 2
const compareLimitMs = (lengthBytes: number): number => 120_000 + lengthBytes / 50

export interface FlashChange {
  readonly agent: RunningAgent
  readonly planned: PlannedPartition
  /** What shall stand there; absent: nothing, erased. */
  readonly image: Uint8Array | undefined
}

/** Compared first, changed only where it differs, and done when the agent's CRC over this very range is right. */
export async function changeFlash({ agent, planned, image }: FlashChange, context: RestoreContext): Promise<void> {
  const { client, info } = agent
  const track = trackPartition(planned, context.tell)
  const { offsetBytes, lengthBytes } = planned
  const flash = geometryOf(info, true)
  checkRange(flash, offsetBytes, lengthBytes, image === undefined)
  const sumNow = async (signal: AbortSignal): Promise<string> => hexCrc(await client.crc32(flash.flashWindow + offsetBytes, lengthBytes, signal))
  const before = await runPhase(context, {
    name: 'compare', cancel: 'anytime', limitMs: compareLimitMs(lengthBytes),
    work: async (signal) => { track.move('comparing'); return sumNow(signal) },
    note: (crc) => (crc === planned.crc32 ? 'the flash holds it already' : 'the flash holds something else'),
  })
  if (before === planned.crc32) {
    track.move('unchanged', { readBackCrc32: before, action: 'unchanged' })
    return
  }
  track.move('different', { readBackCrc32: before })
  // Half an erase may leave a camera that does not start: a cancel waits.
  await runPhase(context, {
    name: 'change', cancel: 'at-end', writing: true, limitMs: changeLimitMs(lengthBytes), note: () => `crc32 ${planned.crc32}`,
    work: async (signal) => {
      await (image ? writeImage({ agent, flash, image, offsetBytes, track, context }, signal) : eraseRange(agent, offsetBytes, lengthBytes, track, context, signal))
      track.move('reading-back')
      const found = await sumNow(signal)
      if (found === planned.crc32) { track.move('proved', { readBackCrc32: found, action: 'written', writes: 1 }); return }
      track.move('mismatch', { readBackCrc32: found, action: 'written', writes: 1 })
      throw new WorkbenchError('device/wrong-content', `The flash reads ${found} instead of ${planned.crc32} after it was changed`, {
        context: { expected: planned.crc32, found, offsetBytes, lengthBytes }, hint: 'Do not restart the camera; write again, or look for bad sectors with the flash doctor',
      })
    },
  })
}

/** One lost packet breaks a stream off, and half an image is worse than none. */
const streamAttempts = 4

const progressOf = (context: RestoreContext, step: string) => (doneBytes: number, totalBytes: number): void => {
  context.tell({ type: 'phase-progressed', phase: 'change', step, doneBytes, totalBytes })
}

async function eraseRange({ client }: RunningAgent, offsetBytes: number, lengthBytes: number, track: PartitionTrack, context: RestoreContext, signal: AbortSignal): Promise<void> {
  track.move('erasing')
  await client.erase(offsetBytes, lengthBytes, signal, progressOf(context, 'erasing'))
}

interface Writing {
  readonly agent: RunningAgent
  readonly flash: FlashGeometry
  readonly image: Uint8Array
  readonly offsetBytes: number
  readonly track: PartitionTrack
  readonly context: RestoreContext
}

/** The agent erases whole sectors: what else stands in the first and the last one is read before, and written again. */
async function writeImage({ agent: { client }, flash, image, offsetBytes, track, context }: Writing, signal: AbortSignal): Promise<void> {
  const { sectorBytes } = flash
  const endBytes = offsetBytes + image.length
  const from = offsetBytes - (offsetBytes % sectorBytes)
  const to = Math.ceil(endBytes / sectorBytes) * sectorBytes
  const kept = async (at: number, until: number): Promise<Uint8Array> => (until > at ? (await client.readFlash(at, until - at, signal)).bytes : new Uint8Array())
  const whole = joinBytes([await kept(from, offsetBytes), image, await kept(endBytes, to)])
  track.move('writing')
  try {
    await client.flashStream(from, whole, {
      onProgress: progressOf(context, 'writing'), attempts: streamAttempts,
      onAgain: ({ message }) => { context.tell({ type: 'noted', level: 'warning', message: `${message}; written again from there` }) },
    }, signal)
  } catch (error) {
    // Refused before anything was erased: what the flash holds is what it held.
    if (error instanceof WorkbenchError && error.context['flashStage'] === 'untouched') track.move('different')
    throw error
  }
}
