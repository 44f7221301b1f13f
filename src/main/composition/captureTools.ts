import { recordTransport } from '../core/capture/recordTransport.ts'
import { reasonOf } from '../drivers/errors/reasonOf.ts'
import { readBounded } from '../drivers/files/bootFiles.ts'
import { type GrowingFile, openGrowingFile } from '../drivers/files/newFile.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { openTransport } from '../drivers/transports/openTransport.ts'
import { parseTransportUrl } from '../drivers/transports/transportUrl.ts'
import { captureLimits, type ParsedCapture } from '../protocols/dcap/frame.ts'
import { parseCapture } from '../protocols/dcap/parser.ts'
import { encodeCaptureHeader, encodeRecord } from '../protocols/dcap/writer.ts'
import { withLineLease } from './lineLease.ts'
import type { Transport } from '../../shared/devices/transport.ts'
import { Cancelled, WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'

const baudRate = 115_200

export interface CaptureRequest {
  readonly url: string
  /** Where leases are kept. */
  readonly dataFolder: string
  readonly path: string
  readonly chip: string
  readonly durationMs: number
  readonly tell: (receivedBytes: number) => void
}

export interface CaptureEnd { readonly receivedBytes: number; readonly isLost: boolean }

/** Listens to a line and keeps what comes, with its time. Types nothing. Ends after its duration, or when the line or the signal does. `pod/busy` while a job has the line. */
export async function captureLine(request: CaptureRequest, signal: AbortSignal): Promise<CaptureEnd> {
  return withLineLease({ url: request.url, dataFolder: request.dataFolder, holder: 'rackbench capture' }, signal, async () => captureNow(request, signal))
}

async function captureNow(request: CaptureRequest, signal: AbortSignal): Promise<CaptureEnd> {
  const clock = createSystemClock()
  // First, so that nobody listens for an hour to keep it nowhere.
  const file = await openGrowingFile(request.path)
  const transport = await openTransport(parseTransportUrl(request.url), { clock, signal }).catch(async (error: unknown): Promise<never> => {
    // The same command again is to find its name free.
    await file.drop()
    throw error
  })
  let keep: CaptureEnd
  try {
    keep = await listen(transport, file, request, clock, signal).finally(async () => transport.close())
  } catch (error) {
    await file.end().catch(() => undefined) // what is there is kept, and the first error is the cause
    throw error
  }
  await file.end()
  return keep
}

async function listen(transport: Transport, file: GrowingFile, { chip, durationMs, tell }: CaptureRequest, clock: Clock, signal: AbortSignal): Promise<CaptureEnd> {
  const over = new AbortController()
  const timer = clock.sleep(durationMs, AbortSignal.any([signal, over.signal])).then(() => { over.abort(new Cancelled('the time is over')) }, () => undefined)
  let receivedBytes = 0
  const records: Uint8Array[] = []
  const line = recordTransport(transport, clock, (event) => { if (event.kind === 'bytes') records.push(encodeRecord(event.record)) })
  try {
    await file.append(encodeCaptureHeader({ baudRate, chip, isTimed: true }))
    for (;;) {
      const chunk = await nextChunk(line, AbortSignal.any([signal, over.signal]))
      for (const record of records.splice(0)) await file.append(record)
      if (chunk === 'over' || chunk === 'lost') return { receivedBytes, isLost: chunk === 'lost' }
      receivedBytes += chunk.length
      tell(receivedBytes)
    }
  } finally {
    over.abort(new Cancelled('the capture is over'))
    await timer
  }
}

/** Only the line may end like this; a disk that takes nothing is an error whenever it happens. */
async function nextChunk(line: Pick<Transport, 'read'>, signal: AbortSignal): Promise<Uint8Array | 'over' | 'lost'> {
  try {
    return await line.read(signal) ?? 'lost'
  } catch (error) {
    // The end that was asked for, by the clock or by the person; what is there is kept.
    if (signal.aborted) return 'over'
    if (error instanceof WorkbenchError && error.code === 'link/closed') return 'lost'
    throw error
  }
}

export async function readCapture(path: string): Promise<ParsedCapture> {
  const bytes = await readBounded(path, captureLimits.fileBytes).catch((cause: unknown) => {
    if (cause instanceof WorkbenchError) throw cause
    throw new WorkbenchError('input/not-found', `${path} cannot be read: ${reasonOf(cause)}`, { cause, hint: 'Name a capture, as "rackbench capture" makes them' })
  })
  return parseCapture(bytes, path)
}
