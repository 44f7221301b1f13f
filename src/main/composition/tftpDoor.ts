import type { DatagramNetwork } from '../../shared/devices/datagram.ts'
import type { TftpBackend } from '../../shared/devices/tftpBackend.ts'
import { WorkbenchError } from '../../shared/errors/workbenchError.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { createLane } from '../../shared/lifecycle/lane.ts'
import type { UploadDesk } from '../core/workflows/dump/dumpBench.ts'
import { createHostTftpBackend } from '../drivers/tftp/hostTftpBackend.ts'
import { listHostAddresses } from '../drivers/network/interfaces.ts'
import { checkTftpReachable } from '../drivers/tftp/selfCheck.ts'
import { openTftpServer } from '../drivers/tftp/tftpServer.ts'
import type { TftpServer } from '../drivers/tftp/tftpTypes.ts'

/** As the camera is told them. */
export interface TftpAddresses {
  readonly tftp: { readonly serverAddress: string; readonly cameraAddress: string }
}

export interface TftpDoor {
  /** Opens the one server of this process, or shares the open one; `close` of the last user closes it. */
  open(plan: TftpAddresses, tag: string, signal: AbortSignal): Promise<{ backend: TftpBackend; close: (signal: AbortSignal) => Promise<void> }>
  /** The same server, for what a camera sends. */
  openUploads(plan: TftpAddresses, signal: AbortSignal): Promise<UploadDesk>
  state(): { readonly state: 'off' | 'serving'; readonly address: string; readonly port: number }
  close(): Promise<void>
}

export interface TftpDoorDeps {
  readonly network: DatagramNetwork
  readonly clock: Clock
  readonly port: number
  readonly log: (line: string) => void
}

/** Port 69 is one, jobs are many: they share a server and tell their files apart by a tag. */
export function createTftpDoor({ network, clock, port, log }: TftpDoorDeps): TftpDoor {
  const lane = createLane()
  let server: TftpServer | undefined
  let users = 0
  let shownAddress = ''
  /** Names are unique: two cameras never send under the same one. */
  const watched = new Map<string, (doneBytes: number) => void>()

  const leave = async (): Promise<void> => lane(new AbortController().signal, async () => {
    users -= 1
    if (users > 0 || !server) return
    const last = server
    server = undefined
    await last.close()
  })

  /** One more user of the server, proved to answer; the result leaves it again. */
  const enter = async (plan: TftpAddresses, wayOut: string, signal: AbortSignal): Promise<{ readonly server: TftpServer; readonly close: () => Promise<void> }> =>
    lane(signal, async () => {
      server ??= await openOrExplain(async () => openTftpServer({
        network, address: '0.0.0.0', port, clock,
        onEvent: (event) => {
          if (event.direction === 'upload') watched.get(event.name)?.(event.doneBytes)
          // The self-check tells its own end, and its last acknowledgement is often still on its way when it does.
          if (event.kind === 'failed' && !event.name.startsWith('self-check-')) log(`TFTP ${event.name} to ${event.peer.address}: ${event.reason}`)
        },
      }), port, wayOut)
      users += 1
      shownAddress = plan.tftp.serverAddress
      try {
        await askOurselves(server, plan.tftp.serverAddress, clock, signal)
      } catch (error) {
        // Inside the lane already: `leave` would wait for us.
        users -= 1
        if (users === 0) { await server.close(); server = undefined }
        throw error
      }
      let left = false
      return {
        server,
        close: async () => {
          if (left) return
          left = true
          await leave()
        },
      }
    })

  return {
    open: async (plan, tag, signal) => {
      const entered = await enter(plan, 'let the pod serve, where the camera has one (--tftp-via pod)', signal)
      const { serverAddress, cameraAddress } = plan.tftp
      return { backend: tagged(createHostTftpBackend({ server: entered.server, serverAddress, cameraAddress }), tag), close: entered.close }
    },
    openUploads: async (plan, signal) => {
      const entered = await enter(plan, 'print the flash on the console (--via md), or let a flash agent stream it (--via agent)', signal)
      return { ...createUploadDesk(entered.server, plan.tftp, watched), close: entered.close }
    },
    state: () => (server ? { state: 'serving', address: shownAddress, port: server.port } : { state: 'off', address: '', port }),
    close: async () => { await server?.close(); server = undefined },
  }
}

/** Places on `server`; what arrives is told to `watched` by whoever hears the server's events. */
export const createUploadDesk = (
  server: Pick<TftpServer, 'port' | 'openUpload'>, { serverAddress, cameraAddress }: TftpAddresses['tftp'], watched: Map<string, (doneBytes: number) => void>,
): Omit<UploadDesk, 'close'> => ({
  serverAddress, cameraAddress, port: server.port,
  receive: (name, maxBytes, onProgress) => {
    const slot = server.openUpload(name, maxBytes)
    watched.set(name, onProgress)
    return { bytes: slot.bytes, close: () => { watched.delete(name); slot.close() } }
  },
})

/** The same image for two cameras has the same name; each job serves its own. */
const tagged = (backend: TftpBackend, tag: string): TftpBackend => ({
  ...backend,
  stage: async (name, bytes, signal, onProgress) => backend.stage(`${name}-${tag}`, bytes, signal, onProgress),
})

/** Whatever the port: a camera cannot be asked to look elsewhere, so the ways out are the same. */
async function openOrExplain(open: () => Promise<TftpServer>, port: number, wayOut: string): Promise<TftpServer> {
  try {
    return await open()
  } catch (error) {
    if (!(error instanceof WorkbenchError) || (error.code !== 'host/port-in-use' && error.code !== 'host/no-permission')) throw error
    const first = error.code === 'host/port-in-use'
      ? 'Stop the other TFTP server'
      : 'Allow it once with "sysctl net.ipv4.ip_unprivileged_port_start=69" or "setcap cap_net_bind_service=+ep" on the program'
    throw new WorkbenchError(error.code, error.message, {
      cause: error, context: { ...error.context, port },
      hint: `${first}; or ${wayOut}; or take another port with --tftp-port, which only a U-Boot that knows tftpdstp asks`,
    })
  }
}

/** Before the camera is touched: a file that we cannot fetch from that address, no camera will. */
async function askOurselves(server: TftpServer, serverAddress: string, clock: Clock, signal: AbortSignal): Promise<void> {
  // Behind NAT the camera's name for us is not ours, and only the server itself can be checked.
  const isOwn = listHostAddresses().some(({ address }) => address === serverAddress)
  const answer = await checkTftpReachable({ server, address: isOwn ? serverAddress : '127.0.0.1', clock, signal })
  if (answer.ok) return
  throw new WorkbenchError('host/io', `Our TFTP server does not answer ourselves: ${answer.reason}`, { context: { serverAddress, port: server.port }, hint: answer.hint })
}
