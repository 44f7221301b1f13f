import { connect, createServer, type AddressInfo, type Socket } from 'node:net'

/** Of each connection all that was handed on, in base64. */
export type Said = readonly string[]

export interface ConsoleTap {
  /** In place of the camera's own. */
  readonly url: string
  said(): Said
  close(): void
}

/** Between a camera's line and the workbench: hands every byte on, and keeps those of the camera. */
export async function openConsoleTap(url: string): Promise<ConsoleTap> {
  const { port, search } = new URL(url)
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): void => { sockets.add(socket); socket.setNoDelay(true).on('error', () => undefined).on('close', () => { sockets.delete(socket) }) }
  const connections: Uint8Array[][] = []
  const server = createServer((viewer) => {
    const camera = connect(Number(port), '127.0.0.1')
    const pieces: Uint8Array[] = []
    connections.push(pieces)
    for (const socket of [viewer, camera]) keep(socket)
    viewer.pipe(camera)
    camera.on('data', (piece: Uint8Array) => {
      // Who has said goodbye reads nothing more.
      if (viewer.readableEnded || viewer.destroyed) return
      pieces.push(piece)
      if (!viewer.write(piece)) { camera.pause(); viewer.once('drain', () => { camera.resume() }) }
    })
    camera.on('end', () => { viewer.end() })
    for (const socket of [viewer, camera]) socket.on('close', () => { viewer.destroy(); camera.destroy() })
  })
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve) })
  return {
    url: `rack://127.0.0.1:${(server.address() as AddressInfo).port}${search}`,
    said: () => connections.map((pieces) => Buffer.concat(pieces).toString('base64')),
    close: () => { server.close(); for (const socket of sockets) socket.destroy() },
  }
}
