import type { DatagramNetwork } from '../../shared/devices/datagram.ts'
import type { TftpBackend } from '../../shared/devices/tftpBackend.ts'
import type { Clock } from '../../shared/lifecycle/clock.ts'
import { createLane } from '../../shared/lifecycle/lane.ts'
import type { RestorePlan } from '../../shared/restore/restore.schema.ts'
import { createHostTftpBackend } from '../drivers/tftp/hostTftpBackend.ts'
import { openTftpServer } from '../drivers/tftp/tftpServer.ts'
import type { TftpServer } from '../drivers/tftp/tftpTypes.ts'

export interface TftpDoor {
  /** Opens the one server of this process, or shares the open one; `close` of the last user closes it. */
  open(plan: RestorePlan, tag: string, signal: AbortSignal): Promise<{ backend: TftpBackend; close: (signal: AbortSignal) => Promise<void> }>
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

  const leave = async (): Promise<void> => lane(new AbortController().signal, async () => {
    users -= 1
    if (users > 0 || !server) return
    const last = server
    server = undefined
    await last.close()
  })

  return {
    open: async (plan, tag, signal) => lane(signal, async () => {
      server ??= await openTftpServer({
        network, address: '0.0.0.0', port, clock,
        onEvent: (event) => { if (event.kind === 'failed') log(`TFTP ${event.name} to ${event.peer.address}: ${event.reason}`) },
      })
      users += 1
      shownAddress = plan.tftp.serverAddress
      let left = false
      return {
        backend: tagged(createHostTftpBackend({ server, serverAddress: plan.tftp.serverAddress, cameraAddress: plan.tftp.cameraAddress }), tag),
        close: async () => {
          if (left) return
          left = true
          await leave()
        },
      }
    }),
    state: () => (server ? { state: 'serving', address: shownAddress, port: server.port } : { state: 'off', address: '', port }),
    close: async () => { await server?.close(); server = undefined },
  }
}

/** The same image for two cameras has the same name; each job serves its own. */
const tagged = (backend: TftpBackend, tag: string): TftpBackend => ({
  ...backend,
  stage: async (name, bytes, signal, onProgress) => backend.stage(`${name}-${tag}`, bytes, signal, onProgress),
})
