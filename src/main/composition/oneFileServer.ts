import { basename } from 'node:path'
import { readBounded } from '../drivers/files/bootFiles.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { openTftpServer } from '../drivers/tftp/tftpServer.ts'
import { createUdpNetwork } from '../drivers/tftp/udpNetwork.ts'
import { createDeferred, orAborted } from '../../shared/lifecycle/signals.ts'
import { withDeadline } from '../../shared/lifecycle/clock.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'

const maxBytes = 256 * 1024 * 1024

export interface OneFileRequest {
  readonly path: string
  readonly address: string
  readonly port: number
  readonly limitMs: number
  readonly ready: (name: string, port: number) => void
  readonly progress: (doneBytes: number, totalBytes: number) => void
}

/** Serves one file by TFTP until one client has all of it. Transfers that fail are told and another may try. */
export async function serveOneFile({ path, address, port, limitMs, ready, progress }: OneFileRequest, signal: AbortSignal): Promise<{ readonly sentBytes: number }> {
  const clock = createSystemClock()
  const bytes = await readBounded(path, maxBytes).catch((cause: unknown) => {
    if (cause instanceof WorkbenchError) throw cause
    throw new WorkbenchError('input/not-found', `${path} cannot be read`, { cause })
  })
  const whole = createDeferred<void>()
  const server = await openTftpServer({
    network: createUdpNetwork(), address, port, clock,
    onEvent: (event) => {
      if (event.kind === 'progressed') progress(event.doneBytes, event.totalBytes ?? bytes.length)
      if (event.kind === 'finished') whole.resolve()
    },
  })
  try {
    const name = basename(path)
    server.offer(name, bytes)
    ready(name, server.port)
    await withDeadline(clock, limitMs, `a client that fetches ${name}`, signal, async (within) => orAborted(whole.promise, within))
    return { sentBytes: bytes.length }
  } finally {
    await server.close()
  }
}
