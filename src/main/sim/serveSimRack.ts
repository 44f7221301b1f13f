import type { AddressInfo, Server as TcpServer } from 'node:net'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { CleanupStack } from '../../shared/lifecycle/cleanup.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { createBridgeTcp } from './bridgeTcp.ts'
import { createPodHttp } from './podHttp.ts'
import type { SimPodHandle, SimRack } from './simRack.ts'
import { writeBootStandIns } from './standIns.ts'

/** One line of JSON that tells other programs where everything is. */
export interface SimAnnouncement {
  readonly pods: readonly {
    readonly id: string
    readonly http: string
    readonly uart: string
    readonly camera: { readonly id: string; readonly chip: string; readonly flashMb: number }
  }[]
  readonly boot: { readonly profile: string; readonly uboot: string }
}

export interface ServeSimRackOptions {
  readonly rack: SimRack
  readonly host: string
  /** Pod k answers HTTP on `portBase + 2k` and its UART on the port after it. 0: any free ports. */
  readonly portBase: number
  readonly clock: Clock
  readonly log: (line: string) => void
  /** Where the boot stand-ins are written. */
  readonly folder: string
}

export interface ServedSimRack {
  readonly announcement: SimAnnouncement
  /** Closes every port and connection; the rack itself goes on. */
  close(): Promise<void>
}

/** Fails with `host/port-in-use` or `host/no-permission`, and then leaves no port open. */
export async function serveSimRack(options: ServeSimRackOptions): Promise<ServedSimRack> {
  const { rack, clock, log, portBase } = options
  const over = new AbortController()
  const cleanup = new CleanupStack()
  const close = async (): Promise<void> => {
    over.abort(new Error('the simulated rack is no longer served'))
    for (const { label, error } of await cleanup.unwind(clock)) log(`could not ${label}: ${String(error)}`)
  }
  try {
    const boot = await writeBootStandIns(options.folder)
    const pods: SimAnnouncement['pods'][number][] = []
    for (const [index, handle] of rack.pods.entries()) {
      const ports = portBase === 0 ? { http: 0, uart: 0 } : { http: portBase + 2 * index, uart: portBase + 2 * index + 1 }
      pods.push(await servePod(handle, ports, options, cleanup, over.signal))
    }
    return { announcement: { pods, boot }, close }
  } catch (error) {
    await close()
    throw error
  }
}

async function servePod(
  handle: SimPodHandle, ports: { readonly http: number; readonly uart: number }, { host, log }: ServeSimRackOptions, cleanup: CleanupStack, over: AbortSignal,
): Promise<SimAnnouncement['pods'][number]> {
  const http = createPodHttp(handle.firmware, over, log)
  const httpPort = await listen(http, host, ports.http)
  cleanup.add(`close the HTTP port of ${handle.id}`, async () => {
    http.closeAllConnections()
    await closeServer(http)
  })
  const uart = createBridgeTcp(handle.bridge)
  const uartPort = await listen(uart.server, host, ports.uart)
  cleanup.add(`close the UART bridge of ${handle.id}`, async () => {
    uart.closeSockets()
    await closeServer(uart.server)
  })
  const { id, chip, flashMb } = handle.camera
  return { id: handle.id, http: `http://${host}:${httpPort}`, uart: `tcp://${host}:${uartPort}`, camera: { id, chip, flashMb } }
}

async function listen(server: TcpServer, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const code = cause.code === 'EADDRINUSE' ? 'host/port-in-use' : cause.code === 'EACCES' ? 'host/no-permission' : 'host/io'
      reject(new WorkbenchError(code, `TCP port ${port} of ${host} cannot be opened`, { context: { port }, hint: 'Choose another port base', cause }))
    })
    server.listen(port, host, resolve)
  })
  return (server.address() as AddressInfo).port
}

const closeServer = async (server: TcpServer): Promise<void> => new Promise((resolve) => { server.close(() => { resolve() }) })
