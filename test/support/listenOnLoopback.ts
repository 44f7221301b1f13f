import type { AddressInfo, Server } from 'node:net'

/** An ephemeral port of this computer and no other. */
export async function listenOnLoopback(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => { server.once('error', reject); server.listen(0, '127.0.0.1', resolve) })
  return (server.address() as AddressInfo).port
}
