import { createSocket, type Socket } from 'node:dgram'
import { once } from 'node:events'
import { performance } from 'node:perf_hooks'

export interface LossyProxy {
  readonly port: number
  readonly lost: number
  readonly passed: number
  /** Between two DATA packets that brought the client something new. */
  readonly longestStallMs: number
  close(): Promise<void>
}

/** A UDP cable with holes between one TFTP client at a time and a server on loopback. `random` gives 0..1. */
export async function openLossyProxy(serverPort: number, lossRate: number, random: () => number): Promise<LossyProxy> {
  const front = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 })
  let back: Socket | undefined
  let clientPort = 0
  let answerPort = serverPort
  let lost = 0
  let passed = 0
  let longestStallMs = 0
  let newest = 0
  let newestAtMs = 0
  const survives = (): boolean => {
    if (random() < lossRate) { lost += 1; return false }
    passed += 1
    return true
  }
  const watch = (packet: Buffer): void => {
    if (packet[1] !== 3) return
    const ahead = (packet.readUInt16BE(2) - newest) & 0xffff
    if (ahead === 0 || ahead > 0x8000) return
    newest = packet.readUInt16BE(2)
    const nowMs = performance.now()
    if (newestAtMs > 0) longestStallMs = Math.max(longestStallMs, nowMs - newestAtMs)
    newestAtMs = nowMs
  }
  const openBack = (): Socket => {
    const socket = createSocket({ type: 'udp4', recvBufferSize: 1024 * 1024 })
    socket.on('message', (packet, from) => {
      answerPort = from.port
      if (!survives()) return
      watch(packet)
      front.send(packet, clientPort, '127.0.0.1')
    })
    return socket
  }
  front.on('message', (packet, from) => {
    if (from.port !== clientPort) {
      clientPort = from.port
      back?.close()
      back = openBack()
      answerPort = serverPort
      newest = 0
      newestAtMs = 0
    }
    if (survives()) back?.send(packet, answerPort, '127.0.0.1')
  })
  front.bind(0, '127.0.0.1')
  await once(front, 'listening')
  return {
    port: front.address().port,
    get lost() { return lost },
    get passed() { return passed },
    get longestStallMs() { return longestStallMs },
    close: async () => {
      back?.close()
      const closed = once(front, 'close')
      front.close()
      await closed
    },
  }
}
