import { expect, onTestFinished } from 'vitest'
import { openTftpServer } from '../../src/main/drivers/tftp/tftpServer.ts'
import type { TftpEvent, TftpServer, TftpServerOptions } from '../../src/main/drivers/tftp/tftpTypes.ts'
import type { Endpoint } from '../../src/shared/devices/datagram.ts'
import { createMemoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from './memoryNetwork.ts'
import { type ClientEnd, type ClientWish, fetchByTftp, sendByTftp } from './tftpClient.ts'
import { createVirtualClock, type VirtualClock } from './virtualClock.ts'

export const serverEnd: Endpoint = { address: '10.0.0.1', port: 69 }

export interface TftpBench {
  readonly clock: VirtualClock
  readonly network: MemoryNetwork
  readonly server: TftpServer
  readonly events: TftpEvent[]
  fetch(wish: ClientWish): Promise<ClientEnd>
  send(wish: ClientWish, content: Uint8Array): Promise<ClientEnd>
}

/** Our server on a memory network. Its test ends with no transfer, no socket and nobody asleep, or it fails. */
export async function openTftpBench(options: Partial<TftpServerOptions> = {}, net: Partial<MemoryNetworkOptions> = {}): Promise<TftpBench> {
  const clock = createVirtualClock()
  const network = createMemoryNetwork({ clock, ...net })
  const events: TftpEvent[] = []
  const server = await openTftpServer({ network, ...serverEnd, clock, onEvent: (event) => { events.push(event) }, ...options })
  onTestFinished(async () => {
    await clock.advance(60_000)
    expect(server.activeTransfers()).toBe(0)
    await server.close()
    await clock.advance(100)
    expect(network.openSockets).toBe(0)
    expect(clock.sleepers()).toBe(0)
  })
  return {
    clock, network, server, events,
    fetch: async (wish) => clock.run(fetchByTftp(network, clock, serverEnd, wish)),
    send: async (wish, content) => clock.run(sendByTftp(network, clock, serverEnd, wish, content)),
  }
}
