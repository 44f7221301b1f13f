import type { AddressInfo, Server as TcpServer } from 'node:net'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import { CleanupStack } from '../../shared/lifecycle/cleanup.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { type BridgeTcp, createBridgeTcp } from './bridgeTcp.ts'
import { createPodHttp } from './podHttp.ts'
import { createRfc2217Door } from './rfc2217Door.ts'
import type { SimPodHandle, SimRack } from './simRack.ts'
import { writeBootStandIns } from './standIns.ts'

/** One line of JSON that tells other programs where everything is. */
export interface SimAnnouncement {
  readonly pods: readonly {
    readonly id: string
    readonly http: string
    readonly uart: string
    /** The same UART as an RFC 2217 port, where that was asked for. */
    readonly rfc2217?: string
    readonly camera: { readonly id: string; readonly chip: string; readonly flashMb: number }
  }[]
  readonly boot: { readonly profile: string; readonly uboot: string; readonly agent: string }
}

export interface ServeSimRackOptions {
  readonly rack: SimRack
  readonly host: string
  /** Pod k answers HTTP on `portBase + 2k` and its UART on the port after it. 0: any free ports. */
  readonly portBase: number
  /** Pod k has its UART as an RFC 2217 port too, on `rfc2217Base + k`. 0: any free port. Absent: none. */
  readonly rfc2217Base?: number | undefined
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
  const { rack, clock, log, portBase, rfc2217Base } = options
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
      const rfc2217 = rfc2217Base === undefined || rfc2217Base === 0 ? rfc2217Base : rfc2217Base + index
      const ports = { ...(portBase === 0 ? { http: 0, uart: 0 } : { http: portBase + 2 * index, uart: portBase + 2 * index + 1 }), rfc2217 }
      pods.push(await servePod(handle, ports, options, cleanup, over.signal))
    }
    return { announcement: { pods, boot }, close }
  } catch (error) {
    await close()
    throw error
  }
}

interface PodPorts { readonly http: number; readonly uart: number; readonly rfc2217: number | undefined }

async function servePod(
  handle: SimPodHandle, ports: PodPorts, { host, log }: ServeSimRackOptions, cleanup: CleanupStack, over: AbortSignal,
): Promise<SimAnnouncement['pods'][number]> {
  const http = createPodHttp(handle.firmware, over, log)
  const httpPort = await listen(http, host, ports.http)
  cleanup.add(`close the HTTP port of ${handle.id}`, async () => {
    http.closeAllConnections()
    await closeServer(http)
  })
  const serveUart = async (door: BridgeTcp, port: number, name: string): Promise<number> => {
    const opened = await listen(door.server, host, port)
    cleanup.add(`close the ${name} of ${handle.id}`, async () => {
      door.closeSockets()
      await closeServer(door.server)
    })
    return opened
  }
  const uartPort = await serveUart(createBridgeTcp(handle.bridge), ports.uart, 'UART bridge')
  const rfc2217Port = ports.rfc2217 === undefined ? undefined : await serveUart(createRfc2217Door(handle.bridge), ports.rfc2217, 'RFC 2217 port')
  const { id, chip, flashMb } = handle.camera
  return {
    id: handle.id, http: `http://${host}:${httpPort}`, uart: `tcp://${host}:${uartPort}`,
    ...(rfc2217Port === undefined ? {} : { rfc2217: `rfc2217://${host}:${rfc2217Port}` }), camera: { id, chip, flashMb },
  }
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
