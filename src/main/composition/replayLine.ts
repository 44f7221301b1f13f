import { createReplayTransport } from '../core/capture/replayCapture.ts'
import { createSystemClock } from '../drivers/host/systemClock.ts'
import { openLineServer } from '../drivers/transports/lineServer.ts'
import { parseTransportUrl } from '../drivers/transports/transportUrl.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { whenAborted } from '../../shared/lifecycle/signals.ts'
import { readCapture } from './captureTools.ts'

export interface ReplayLineRequest {
  readonly path: string
  /** `tcp://127.0.0.1:PORT`; port 0 takes a free one. */
  readonly address: string
  /** 1 as recorded, 10 ten times as fast. */
  readonly speed: number
  readonly ready: (url: string) => void
  readonly clients: (count: number) => void
}

/** A capture stands in for a camera's line, from its beginning for each who connects, until the signal aborts. */
export async function serveReplay({ path, address, speed, ready, clients }: ReplayLineRequest, signal: AbortSignal): Promise<void> {
  const { host, port } = placeOf(address)
  const capture = await readCapture(path)
  signal.throwIfAborted()
  const clock = createSystemClock()
  const server = await openLineServer({ host, port, clock, openLine: () => createReplayTransport({ capture, clock, speed }), onClients: clients })
  const stopped = whenAborted(signal)
  try {
    ready(`tcp://${host.includes(':') ? `[${host}]` : host}:${server.port}`)
    await stopped.promise.catch(() => undefined)
  } finally {
    stopped.stop()
    await server.close()
  }
}

function placeOf(address: string): { readonly host: string; readonly port: number } {
  // A line to connect to has no port 0, one to be served may.
  const isAnyPort = /:0$/.test(address.trim())
  const url = parseTransportUrl(isAnyPort ? `${address.trim().slice(0, -1)}1` : address)
  if (url.kind !== 'tcp') throw new WorkbenchError('input/malformed', 'A replay is served as a TCP line', { hint: 'For example --serve tcp://127.0.0.1:9000; port 0 takes a free one' })
  // Captures hold passwords; whoever can connect can read them.
  if (!/^127\.\d+\.\d+\.\d+$|^::1$|^localhost$/.test(url.host)) throw new WorkbenchError('input/not-supported', 'A replay is served to this computer only', { hint: 'Use 127.0.0.1; from elsewhere, tunnel to it' })
  return { host: url.host, port: isAnyPort ? 0 : url.port }
}
