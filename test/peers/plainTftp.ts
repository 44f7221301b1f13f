import { createSocket, type RemoteInfo, type Socket } from 'node:dgram'
import { once } from 'node:events'

/** The smallest server that serves: RFC 1350 without options, from one port, and it waits for the camera to repeat itself. */
export async function servePlainTftp(files: ReadonlyMap<string, Uint8Array>): Promise<{ readonly port: number; close(): Promise<void> }> {
  const socket = createSocket('udp4')
  const current = new Map<number, Uint8Array>()
  socket.on('message', (packet, from) => { answer(socket, files, current, packet, from) })
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    port: socket.address().port,
    close: async () => { socket.close(); await once(socket, 'close') },
  }
}

function answer(socket: Socket, files: ReadonlyMap<string, Uint8Array>, current: Map<number, Uint8Array>, packet: Buffer, from: RemoteInfo): void {
  const opcode = packet.readUInt16BE(0)
  const send = (block: number): void => {
    const file = current.get(from.port)
    if (!file || (block - 1) * 512 > file.length) return
    const head = Buffer.from([0, 3, block >> 8, block & 0xff])
    socket.send(Buffer.concat([head, file.subarray((block - 1) * 512, block * 512)]), from.port, from.address)
  }
  if (opcode === 4) send(packet.readUInt16BE(2) + 1)
  if (opcode !== 1) return
  const file = files.get(packet.toString('latin1', 2, packet.indexOf(0, 2)))
  if (file) {
    current.set(from.port, file)
    send(1)
  } else {
    socket.send(Buffer.from('\0\x05\0\x01File not found\0', 'latin1'), from.port, from.address)
  }
}
