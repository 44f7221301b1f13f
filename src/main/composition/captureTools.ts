import type { createWriteStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { once } from 'node:events'
import { recordTransport } from '../core/capture/recordTransport.ts'
import { readBounded } from '../drivers/files/bootFiles.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { openTransport } from '../drivers/transports/openTransport.ts'
import { parseTransportUrl } from '../drivers/transports/transportUrl.ts'
import { captureLimits, type ParsedCapture } from '../protocols/dcap/frame.ts'
import { parseCapture } from '../protocols/dcap/parser.ts'
import { encodeCaptureHeader, encodeRecord } from '../protocols/dcap/writer.ts'
import { withLineLease } from './lineLease.ts'
import { Cancelled, WorkbenchError } from '../../shared/errors/workbenchError.ts'

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

async function captureNow({ url, path, chip, durationMs, tell }: CaptureRequest, signal: AbortSignal): Promise<CaptureEnd> {
  const clock = createSystemClock()
  const file = await openNew(path)
  try {
    const transport = await openTransport(parseTransportUrl(url), { clock, signal })
    const over = new AbortController()
    const timer = clock.sleep(durationMs, AbortSignal.any([signal, over.signal])).then(() => { over.abort(new Cancelled('the time is over')) }, () => undefined)
    let receivedBytes = 0
    let isLost = false
    await write(file, encodeCaptureHeader({ baudRate, chip, isTimed: true }))
    const records: Uint8Array[] = []
    const line = recordTransport(transport, clock, (event) => { if (event.kind === 'bytes') records.push(encodeRecord(event.record)) })
    try {
      for (;;) {
        const chunk = await line.read(AbortSignal.any([signal, over.signal]))
        for (const record of records.splice(0)) await write(file, record)
        if (!chunk) { isLost = true; break }
        receivedBytes += chunk.length
        tell(receivedBytes)
      }
    } catch (error) {
      // The end that was asked for, by the clock or by the person; what is there is kept.
      if (!over.signal.aborted && !signal.aborted) {
        if (!(error instanceof WorkbenchError) || error.code !== 'link/closed') throw error
        isLost = true
      }
    } finally {
      over.abort(new Cancelled('the capture is over'))
      await timer
      await transport.close()
    }
    return { receivedBytes, isLost }
  } finally {
    file.end()
    await once(file, 'close')
  }
}

/** `input/conflict` for a file that is there already: a capture cannot be taken again. */
async function openNew(path: string): Promise<ReturnType<typeof createWriteStream>> {
  try {
    const handle = await open(path, 'wx')
    return handle.createWriteStream()
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined
    if (code === 'EEXIST') throw new WorkbenchError('input/conflict', `${path} is there already`, { hint: 'Choose another name; captures are never overwritten', cause })
    throw new WorkbenchError('host/io', `${path} cannot be written`, { cause })
  }
}

async function write(file: ReturnType<typeof createWriteStream>, bytes: Uint8Array): Promise<void> {
  if (bytes.length > 0 && !file.write(bytes)) await once(file, 'drain')
}

export async function readCapture(path: string): Promise<ParsedCapture> {
  const bytes = await readBounded(path, captureLimits.fileBytes).catch((cause: unknown) => {
    if (cause instanceof WorkbenchError) throw cause
    throw new WorkbenchError('input/not-found', `${path} cannot be read`, { cause })
  })
  return parseCapture(bytes)
}
